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
        self.load_with(commands, None)
    }

    fn load_with(&self, commands: Commands, memo: Option<&Memo>) -> Result<Loaded, ConfError> {
        let system = System::host().with_root(self.root.path());
        let (framework, warnings) = Framework::read(&system);
        assert_eq!(warnings, Vec::<String>::new());
        let context = Context {
            target: Some(&self.target),
            kernel_source_dir: Path::new("/lib/modules").join(&self.target.kernel).join("build"),
            kernel_config: Path::new("/lib/modules").join(&self.target.kernel).join("build/.config"),
            module: Some(&self.module),
            version: Some(&self.version),
            parallel_jobs: 4,
            directives: &self.directives,
            copies: None,
            memo,
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
        ("", "no directive at all"),
        ("# only a comment\nX=1\n", "no directive at all"),
        ("PACKAGE_VERSION=1\n", "PACKAGE_NAME is missing"),
    ];
    for (text, expected) in cases {
        let error = Case::new(text).load(Commands::Run).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn the_dialect_of_2003_reads_as_todays_directives() {
    let case = Case::new(
        "MAKE=\"make\"\nMAKE_bigmem=\"make BIG=1\"\nMAKE_amd64='make AMD=1'\nMAKE_smp=x\nPATCH1=b.patch\nPATCH0=a.patch\n\
         PATCH_bigmem=c.patch\nPATCH_6_1=d.patch\nMODULE_NAME=\"src/qla.o:qla2300.o other.o\"\n\
         LOCATION=/kernel/drivers/scsi\nNEEDED_FOR_BOOT=yes\nMODULES_CONF0=\"alias x\"\nREMAKE_INITRD=yes\n",
    );
    let loaded = case.load(Commands::Refuse).unwrap();
    assert_eq!((loaded.conf.name.as_str(), loaded.conf.version.as_str()), ("m", "1"));
    assert_eq!(loaded.conf.make, MakeCommand::Given("make AMD=1".into()));
    assert_eq!(loaded.conf.patches, ["a.patch", "b.patch"]);
    let modules: Vec<_> = loaded.conf.modules.iter().map(|m| (m.built_name.as_str(), m.dest_name.as_str())).collect();
    assert_eq!(modules, [("qla", "qla2300"), ("other", "other")]);
    assert_eq!(loaded.conf.modules[0].built_location, PathBuf::from("src"));
    assert!(loaded.notices[0].contains("MAKE_MATCH[1]='bigmem'"), "{:?}", loaded.notices);
    assert_eq!(loaded.notices.iter().filter(|notice| notice.contains("obsolete")).count(), 3, "{:?}", loaded.notices);
}

#[test]
fn helper_variables_of_old_names_do_not_make_a_file_old() {
    let case = Case::new(&format!("MODULE_NAME=mod\nMAKE_OPTS=-k\nLOCATION=x\n{HEAD}MAKE=\"make $MAKE_OPTS\"\n"));
    let loaded = case.load(Commands::Refuse).unwrap();
    assert_eq!(loaded.conf.make, MakeCommand::Given("make -k".into()));
    assert!(!loaded.raw.contains_key("MAKE_OPTS") && !loaded.raw.contains_key("LOCATION"));
}

#[test]
fn carriage_returns_are_dropped_natively_and_by_bash() {
    let plain = format!("{HEAD}MAKE='make x'\n");
    for text in [plain.clone(), format!("{plain}X=$(date)\n"), format!("{plain}if true; then\nSTRIP=no\nfi\n")] {
        let loaded = Case::new(&text.replace('\n', "\r\n")).load(Commands::Run).unwrap();
        assert_eq!(loaded.conf.make, MakeCommand::Given("make x".into()));
        assert_eq!(loaded.conf.modules[0].dest_location, "/extra");
    }
}

#[test]
fn what_a_file_can_read_is_there_natively_and_in_bash() {
    let names = "kernelver arch kernel_source_dir kernel_config dkms_tree source_tree install_tree parallel_jobs module \
                 module_version";
    let value: String = names.split_whitespace().map(|name| format!("${name},")).collect();
    let expected = "6.1.0-56-amd64,x86_64,/lib/modules/6.1.0-56-amd64/build,/lib/modules/6.1.0-56-amd64/build/.config,\
                    /var/lib/dkms,/usr/src,/lib/modules,4,m,1,";
    for extra in ["", "X=$(date)\n"] {
        let case = Case::new(&format!("{HEAD}{extra}MAKE=\"{value}\"\n"));
        assert_eq!(case.make(), MakeCommand::Given(expected.into()));
    }
}

#[test]
fn directives_in_the_environment_do_not_leak_in() {
    let case = Case::new(&format!("{HEAD}POST_ADD=x$(date +%Y | tr -d 0-9)\n"));
    let environment =
        [("MAKE", "false"), ("PATCH", "x"), ("PATH", "/usr/bin:/bin"), ("BASH_FUNC_date%%", "() { echo x; }")];
    let environment = environment.map(|(name, value)| (name.into(), value.into())).into();
    let system = System::host().with_root(case.root.path()).with_environment(environment);
    let context = Context {
        target: None,
        kernel_source_dir: PathBuf::new(),
        kernel_config: PathBuf::new(),
        module: None,
        version: None,
        parallel_jobs: 1,
        directives: &[],
        copies: None,
        memo: None,
    };
    let file = case.root.path().join("usr/src/m-1/dkms.conf");
    let loaded = load(&system, &Framework::defaults(&system), &file, &context, Commands::Run).unwrap();
    assert_eq!(loaded.conf.make, MakeCommand::Default);
    assert!(loaded.conf.patches.is_empty());
    assert_eq!(loaded.conf.scripts.post_add.as_deref(), Some("x"), "a function came in with the environment");
    let partial = load_lenient(&system, &Framework::defaults(&system), &file, &context).unwrap();
    assert_eq!(partial.name.unwrap().as_str(), "m");
    assert_eq!(partial.unknown[0].name, "POST_ADD");
}

#[test]
fn the_lenient_load_names_what_packaging_cannot_know() {
    let case = Case::new(
        "PACKAGE_NAME=m\nPACKAGE_VERSION=$(git describe)\nBUILT_MODULE_NAME=x\nDEST_MODULE_LOCATION=/extra\n",
    );
    let system = System::host().with_root(case.root.path());
    let context = Context {
        target: None,
        kernel_source_dir: PathBuf::new(),
        kernel_config: PathBuf::new(),
        module: None,
        version: None,
        parallel_jobs: 1,
        directives: &["AUTOINSTALL=yes".to_owned()],
        copies: None,
        memo: None,
    };
    let file = case.root.path().join("usr/src/m-1/dkms.conf");
    let partial = load_lenient(&system, &Framework::defaults(&system), &file, &context).unwrap();
    assert_eq!((partial.name.unwrap().as_str(), partial.version, partial.problems.len()), ("m", None, 0));
    assert_eq!((partial.unknown[0].name.as_str(), partial.unknown[0].line), ("PACKAGE_VERSION", 2));
    assert_eq!(partial.raw["AUTOINSTALL"][&0], "yes");
}

#[test]
fn duplicates_are_told_apart_from_other_problems() {
    let case = Case::new(&format!("{HEAD}BUILT_MODULE_NAME[1]=mod\nDEST_MODULE_LOCATION[1]=/extra\n"));
    let loaded = case.load(Commands::Run).unwrap();
    assert_eq!(loaded.duplicates.len(), 2);
    let error = loaded.refuse_duplicates().unwrap_err();
    assert!(matches!(error, ConfError::Invalid { .. }));
    assert!(error.to_string().contains("\n 5 | BUILT_MODULE_NAME[1]="), "{error}");
}

/// The fixtures' values were made by a real bash (regen.sh beside them).
#[test]
fn fixtures_give_the_values_that_bash_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conf");
    let mut seen = 0;
    for file in fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        let mut case = Case::new("").file("usr/src/m-1/dkms.conf", &fs_err::read_to_string(&file).unwrap());
        case.module = ModuleName::new("sample").unwrap();
        case.version = ModuleVersion::new("1.0").unwrap();
        let loaded = case.load(Commands::Run).unwrap();
        let values = loaded
            .raw
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |(index, value)| format!("{name}[{index}]={value}")));
        let mut found: Vec<String> = values.collect();
        let expected = fs_err::read_to_string(file.with_extension("vars")).unwrap();
        let mut expected: Vec<&str> = expected.lines().collect();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{}", file.display());
        let needs_bash = file.file_stem().unwrap() == "commands";
        assert_eq!(loaded.evaluated_by == EvaluatedBy::Bash, needs_bash, "{}", file.display());
        seen += 1;
    }
    assert!(seen >= 6);
}

#[test]
fn each_error_has_the_exit_code_that_callers_test() {
    use crate::error::Error;
    use crate::exit::Kind;
    let missing = ConfError::Missing { file: "dkms.conf".into() };
    assert_eq!(Error::from(missing).kind(), Kind::ConfMissing);
    let cases = ["if then\n", "", "exit 1\n", "\0"];
    for text in cases {
        let error = Error::from(Case::new(text).load(Commands::Run).unwrap_err());
        assert_eq!(error.kind(), Kind::BadConf, "{text:?}");
    }
}

#[test]
fn what_was_read_for_one_kernel_is_taken_for_another_only_where_it_is_the_same() {
    let sourced = |case: Case| case.file("usr/src/m-1/more", "MAKE=\"make ${arch:0:0}$kernelver\"\n");
    for (conf, differs) in [
        ("MAKE=make", false),
        ("kernelver=x MAKE=make", false),
        ("MAKE=\"make $kernelver\"", true),
        ("MAKE='make $kernelver'", true),
        ("MAKE=\"make $(echo ${kernelver%.*})\"", true),
        ("X=kernelver; MAKE=\"make ${!X}\"", true),
        ("[[ $kernelver == 6.2* ]] && MAKE=make", true),
        ("[ -z \"$kernel_source_dir\" ] || MAKE=\"make -C $kernel_source_dir\"", true),
        ("MAKE=\"make\" AUTOINSTALL=$(test \"$arch\" = x86_64 && echo yes)", false),
        (". ROOT/usr/src/m-1/more", true),
    ] {
        let case = Case::new("");
        let text = format!("{HEAD}{}\n", conf.replace("ROOT", &case.root.path().to_string_lossy()));
        let mut case = sourced(case.file("usr/src/m-1/dkms.conf", &text));
        let memo = Memo::default();
        let mut makes = Vec::new();
        for kernel in ["6.1.0", "6.2.0", "6.1.0"] {
            case.target.kernel = KernelRelease::new(kernel).unwrap();
            let raw = |memo| case.load_with(Commands::Run, memo).map(|loaded| loaded.raw).unwrap();
            assert_eq!(raw(Some(&memo)), raw(None), "{conf} for {kernel}");
            makes.push(raw(Some(&memo)).get("MAKE").cloned());
        }
        assert_eq!(makes[0] != makes[1], differs, "{conf}");
        assert_eq!(makes[0], makes[2], "{conf}");
    }
}

#[test]
fn of_overrides_for_one_kernel_the_others_see_nothing() {
    let mut case = Case::new(&format!("{HEAD}MAKE=make\n")).file("etc/dkms/m-1-6.2.0.conf", "MAKE='make two'\n");
    let memo = Memo::default();
    for (kernel, make) in [("6.1.0", "make"), ("6.2.0", "make two"), ("6.1.0", "make")] {
        case.target.kernel = KernelRelease::new(kernel).unwrap();
        let conf = case.load_with(Commands::Run, Some(&memo)).unwrap().conf;
        assert_eq!(conf.make, MakeCommand::Given(make.into()), "{kernel}");
    }
}

#[test]
fn what_a_command_complains_about_stands_beside_the_directive_that_lacks_a_value() {
    let case = Case::new("PACKAGE_NAME=m\nPACKAGE_VERSION=`./no-such-script.sh`\nDEST_MODULE_LOCATION=/extra\n");
    let error = case.load(Commands::Run).unwrap_err().to_string();
    assert!(error.contains("PACKAGE_VERSION") && error.contains("./no-such-script.sh: No such file"), "{error}");
    let case = Case::new("PACKAGE_NAME=m\nPACKAGE_VERSION=1\nDEST_MODULE_LOCATION=/extra\nls /no/such/place\n");
    let loaded = case.load(Commands::Run).unwrap();
    assert!(loaded.notices.iter().any(|notice| notice.contains("/no/such/place")), "{:?}", loaded.notices);
}
