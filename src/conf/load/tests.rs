//! Whole files, from text to typed values.

use std::path::PathBuf;

use super::*;
use crate::conf::MakeCommand;
use crate::ids::{Arch, KernelRelease, Target};

/// A root with one dkms.conf and its overrides.
struct Case {
    root: tempfile::TempDir,
    target: Target,
    module: ModuleName,
    version: ModuleVersion,
    directives: Vec<String>,
}

impl Case {
    fn new(conf: &str) -> Self {
        let case = Self {
            root: tempfile::tempdir().unwrap(),
            target: Target::new(KernelRelease::new("6.1.0-56-amd64").unwrap(), Arch::new("x86_64").unwrap()),
            module: ModuleName::new("m").unwrap(),
            version: ModuleVersion::new("1").unwrap(),
            directives: Vec::new(),
        };
        case.file("usr/src/m-1/dkms.conf", conf)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let file = self.root.path().join(path);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, text).unwrap();
        self
    }

    fn directive(mut self, directive: &str) -> Self {
        self.directives.push(directive.to_owned());
        self
    }

    fn load(&self, commands: Commands) -> Result<Loaded, ConfError> {
        let system = System::host().with_root(self.root.path());
        let (framework, warnings) = Framework::read(&system);
        assert_eq!(warnings, Vec::<String>::new());
        let context = Context {
            target: Some(&self.target),
            kernel_source_dir: PathBuf::from("/lib/modules/6.1.0-56-amd64/build"),
            kernel_config: PathBuf::from("/lib/modules/6.1.0-56-amd64/build/.config"),
            module: Some(&self.module),
            version: Some(&self.version),
            parallel_jobs: 4,
            directives: &self.directives,
        };
        load(&system, &framework, &self.root.path().join("usr/src/m-1/dkms.conf"), &context, commands)
    }

    fn make(&self) -> MakeCommand {
        self.load(Commands::Run).unwrap().conf.make
    }
}

const HEAD: &str = "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=mod\nDEST_MODULE_LOCATION=/extra\n";

#[test]
fn a_plain_file_gives_typed_values() {
    let loaded =
        Case::new(&format!("{HEAD}AUTOINSTALL=YES\nMAKE='make  KVER=$kernelver'\n")).load(Commands::Run).unwrap();
    assert_eq!(loaded.conf.name.as_str(), "m");
    assert!(loaded.conf.autoinstall);
    assert_eq!(loaded.conf.make, MakeCommand::Given("make KVER=6.1.0-56-amd64".into()));
    assert_eq!(loaded.conf.modules[0].dest_name, "mod");
}

#[test]
fn overrides_and_the_command_line_win_in_order() {
    let case = Case::new(&format!("{HEAD}MAKE='one'\n"))
        .file("etc/dkms/m.conf", "MAKE=\"$MAKE two\"\n")
        .file("etc/dkms/m-1-6.1.0-56-amd64.conf", "MAKE=\"$MAKE three\"\nSTRIP=no\n");
    assert_eq!(case.make(), MakeCommand::Given("one two three".into()));
    let case = case.directive("MAKE=four   $kernelver");
    assert_eq!(case.make(), MakeCommand::Given("four   $kernelver".into()));
    assert_eq!(case.load(Commands::Run).unwrap().origins["MAKE"], Origin::CommandLine);
}

#[test]
fn noise_and_commands_do_not_disturb_the_values() {
    let case = Case::new(&format!(
        "echo noise; printf 'x\\0y\\0z\\0'; false\n{HEAD}MAKE=\"make -j$(echo 3 | cat)\"\n[ a = b ]\n"
    ));
    assert_eq!(case.make(), MakeCommand::Given("make -j3".into()));
    assert_eq!(case.load(Commands::Run).unwrap().evaluated_by, EvaluatedBy::Bash);
    assert!(matches!(case.load(Commands::Refuse), Err(ConfError::NeedsCommands { .. })));
}

#[test]
fn a_bad_file_is_refused_with_its_reason() {
    let cases = [
        ("PACKAGE_NAME=m\nif true; then\n", "unexpected end of file"),
        ("PACKAGE_NAME=\"m\n", "PACKAGE_NAME"),
        ("exit 3\n", "ends the shell"),
        ("\u{7f}ELF\0\0", "binary"),
        ("", "PACKAGE_NAME is missing"),
    ];
    for (text, expected) in cases {
        let error = Case::new(text).load(Commands::Run).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}
