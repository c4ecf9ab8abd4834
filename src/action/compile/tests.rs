mod resign;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;
use crate::action::compile::toolchain::Toolchain;
use crate::action::sample;
use crate::conf::framework::{Framework, TrySign};
use crate::conf::{BuiltModule, MakeCommand, ModuleConf};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleName};
use crate::kernel::modinfo::tests::elf;
use crate::kernel::{KernelConfig, Suffix};
use crate::tree::records::{self, Fingerprint};

/// A site with the source of foo/1.0.
struct Site {
    base: sample::Site,
    id: ModuleId,
    target: Target,
    conf: ModuleConf,
    dependencies: Vec<(ModuleName, Option<String>)>,
    config: KernelConfig,
    inputs: BTreeMap<String, String>,
}

impl Deref for Site {
    type Target = sample::Site;

    fn deref(&self) -> &sample::Site {
        &self.base
    }
}

impl DerefMut for Site {
    fn deref_mut(&mut self) -> &mut sample::Site {
        &mut self.base
    }
}

impl Site {
    fn new() -> Self {
        let mut base = sample::Site::new();
        base.framework = Framework { try_sign: TrySign::No, ..keys::test_framework() };
        let id = sample::id("foo", "1.0");
        let source = base.tree.layout().source(&id);
        fs_err::create_dir_all(&source).unwrap();
        fs_err::write(source.join("dkms.conf"), "").unwrap();
        fs_err::write(source.join("ok.ko"), ok_module()).unwrap();
        base.lock.writer().register(&id).unwrap();
        Self {
            base,
            target: sample::target(),
            conf: conf(&id),
            id,
            dependencies: Vec::new(),
            config: KernelConfig::default(),
            inputs: BTreeMap::from([("source".to_owned(), "digest".to_owned())]),
        }
    }

    fn make(mut self, line: &str) -> Self {
        self.conf.make = MakeCommand::Given(line.to_owned());
        self
    }

    fn source(&self) -> PathBuf {
        self.tree.layout().source(&self.id)
    }

    fn script(&self, name: &str, text: &str) -> String {
        self.script_of(&self.id, name, text)
    }

    fn build(&self) -> Result<()> {
        self.with(|context, module| run(context, module, &Jobs::alone(NonZeroUsize::MIN)))
    }

    /// Gives what a build has at hand to an action.
    fn with<T>(&self, action: impl FnOnce(&Context<'_>, &Prepared<'_>) -> T) -> T {
        let module = Prepared {
            id: &self.id,
            target: &self.target,
            source: self.source(),
            conf: self.conf.clone(),
            headers: self.folder.join("lib/modules/6.1.0-1/build"),
            config_file: "/nonexistent".into(),
            config: self.config.clone(),
            suffix: Suffix::Plain,
            toolchain: Toolchain::default(),
            dependencies: self.dependencies.clone(),
            recipe: None,
            inputs: self.inputs.clone(),
        };
        action(&self.context(), &module)
    }

    fn built(&self, file: &str) -> PathBuf {
        self.tree.layout().built(&self.id, &self.target).join(file)
    }

    fn text(&self, file: &str) -> String {
        fs_err::read_to_string(self.built(file)).unwrap()
    }

    fn work_folder(&self) -> PathBuf {
        self.tree.layout().build_folder(&self.id)
    }
}

/// A module for the kernel of every test here.
fn ok_module() -> Vec<u8> {
    elf(".modinfo", b"vermagic=6.1.0-1 \0")
}

fn module(name: &str, dest: &str) -> BuiltModule {
    BuiltModule {
        built_name: name.to_owned(),
        built_location: "sub".into(),
        dest_name: dest.to_owned(),
        dest_location: "/extra".to_owned(),
        strip: false,
        excluded: None,
    }
}

fn conf(id: &ModuleId) -> ModuleConf {
    ModuleConf {
        name: id.name.clone(),
        version: id.version.clone(),
        modules: vec![module("a", "b")],
        make: MakeCommand::Given("mkdir -p sub; cat ok.ko >sub/a.ko; echo symbols >Module.symvers".to_owned()),
        patches: Vec::new(),
        autoinstall: true,
        build_depends: Vec::new(),
        build_depends_rebuild: false,
        obsolete_by: None,
        scripts: crate::conf::module::Scripts::default(),
        no_weak_modules: false,
        excluded: None,
    }
}

#[test]
fn a_build_leaves_modules_symbols_and_its_log_and_no_build_folder() {
    let site = Site::new();
    site.build().unwrap();
    assert_eq!(fs_err::read(site.built("module/b.ko")).unwrap(), ok_module());
    assert_eq!(site.text("module/Module.symvers"), "symbols\n");
    let log = site.text("log/make.log");
    assert!(log.contains(" make.log for foo/1.0 for kernel 6.1.0-1 (x86_64)\n"), "{log}");
    assert!(log.contains("# command: mkdir -p sub;") && log.contains("# exit code: 0\n"), "{log}");
    let note = records::one::<Fingerprint>(site.tree.layout(), &site.id, Some(&site.target)).unwrap();
    assert_eq!(note.inputs["source"], "digest");
    assert!(!site.work_folder().exists());
    assert_eq!(site.warnings(), [""; 0]);
}

#[test]
fn a_failing_make_leaves_the_old_build_and_its_log_and_names_the_first_error() {
    let mut site = Site::new();
    site.build().unwrap();
    site = site.make("echo 'x.c:1:2: error: implicit declaration of function ‘f’'; echo later >&2; exit 2");
    let error = site.build().unwrap_err();
    assert_eq!(error.kind(), Kind::MakeFailed);
    assert!(error.message().contains("x.c:1:2: error: implicit declaration"), "{error}");
    let log = site.work_folder().join("make.log");
    assert!(error.hints().iter().any(|hint| hint.contains(&log.display().to_string())), "{:?}", error.hints());
    assert!(error.causes()[0].contains("declares `f`"), "{:?}", error.causes());
    assert!(fs_err::read_to_string(log).unwrap().contains("later\n"));
    assert_eq!(fs_err::read(site.built("module/b.ko")).unwrap(), ok_module());
}

#[test]
fn a_log_that_make_deletes_is_there_all_the_same() {
    let site = Site::new().make("rm make.log; echo 'x: error: y'; exit 1");
    assert_eq!(site.build().unwrap_err().kind(), Kind::MakeFailed);
    assert!(fs_err::read_to_string(site.work_folder().join("make.log")).unwrap().contains("x: error: y"));
    let site = Site::new().make("rm make.log; mkdir -p sub; cat ok.ko >sub/a.ko");
    site.build().unwrap();
    assert!(site.text("log/make.log").contains("# exit code: 0\n"));
}

#[test]
fn a_link_in_the_place_of_the_log_is_not_followed() {
    let site = Site::new();
    let victim = site.folder.join("victim");
    fs_err::write(&victim, "mine").unwrap();
    symlink(&victim, site.source().join("make.log")).unwrap();
    site.build().unwrap();
    assert_eq!(fs_err::read_to_string(victim).unwrap(), "mine");
}

#[test]
fn modules_that_were_not_made_are_named_unless_they_are_excluded() {
    let mut site = Site::new();
    site.conf.modules.extend([module("c", "c"), module("d", "d")]);
    let error = site.build().unwrap_err();
    assert_eq!(error.kind(), Kind::ModuleNotProduced);
    assert!(error.message().ends_with(": sub/c.ko, sub/d.ko"), "{}", error.message());
    assert!(!site.built("").exists());
    for excluded in &mut site.conf.modules[1..] {
        excluded.excluded = Some("not for this kernel".to_owned());
    }
    site.build().unwrap();
    assert!(site.built("module/b.ko").is_file() && !site.built("module/c.ko").exists());
}

#[test]
fn what_make_did_not_make_or_made_for_another_kernel_is_refused_and_the_old_build_stays() {
    let other = elf(".modinfo", b"vermagic=6.2.0-9 SMP \0");
    for (what, line, kind, says) in [
        ("another kernel", "cat other.ko >sub/a.ko", Kind::OtherKernel, "6.2.0-9 instead of 6.1.0-1"),
        ("text", "echo module >sub/a.ko", Kind::NoModule, "no kernel module"),
        ("empty", ": >sub/a.ko", Kind::NoModule, "it is empty"),
        ("left alone", ":", Kind::NotMadeNow, "came with the source"),
        ("only its mode changed", "chmod 600 sub/a.ko", Kind::NotMadeNow, "came with the source"),
        ("out of the folder", "ln -sf /etc/passwd sub/a.ko", Kind::NoModule, "leaves the build folder"),
    ] {
        let mut site = Site::new();
        site.build().unwrap();
        let before = fs_err::read(site.built("module/b.ko")).unwrap();
        fs_err::create_dir(site.source().join("sub")).unwrap();
        fs_err::write(site.source().join("sub/a.ko"), ok_module()).unwrap();
        fs_err::write(site.source().join("other.ko"), &other).unwrap();
        site = site.make(line);
        let error = site.build().unwrap_err();
        assert_eq!((error.kind(), error.kind().code()), (kind, 10), "{what}");
        assert!(error.message().contains(says), "{what}: {}", error.message());
        assert_eq!(fs_err::read(site.built("module/b.ko")).unwrap(), before, "{what}");
    }
}

#[test]
fn a_makefile_that_goes_for_another_kernel_is_told_where_it_says_so() {
    for (line, running, says) in [
        ("cat other.ko >sub/a.ko # 6.2.0-9", "6.1.0-1", "MAKE names the kernel 6.2.0-9"),
        ("cat other.ko >sub/a.ko", "6.2.0-9", "asks `uname -r`"),
        ("cat other.ko >sub/a.ko", "6.1.0-1", "names another kernel"),
    ] {
        let mut site = Site::new().make(&format!("mkdir sub; {line}"));
        site.system = site.system.clone().with_running(Some(KernelRelease::new(running).unwrap()), None);
        fs_err::write(site.source().join("other.ko"), elf(".modinfo", b"vermagic=6.2.0-9 \0")).unwrap();
        let error = site.build().unwrap_err();
        assert!(error.hints()[0].contains(says), "{:?}", error.hints());
    }
}

#[test]
fn what_the_source_brings_counts_where_make_writes_it_again_or_its_headers_are_of_that_kernel() {
    let site = Site::new().make("cp -p sub/old.ko sub/a.ko; touch sub/a.ko");
    fs_err::create_dir(site.source().join("sub")).unwrap();
    fs_err::write(site.source().join("sub/old.ko"), ok_module()).unwrap();
    site.build().unwrap();
    let site = Site::new().make("mkdir sub; cat other.ko >sub/a.ko");
    fs_err::write(site.source().join("other.ko"), elf(".modinfo", b"vermagic=6.2.0-9 \0")).unwrap();
    let headers = site.folder.join("lib/modules/6.1.0-1/build/include/config");
    fs_err::create_dir_all(&headers).unwrap();
    fs_err::write(headers.join("kernel.release"), "6.2.0-9\n").unwrap();
    site.build().unwrap();
    assert!(site.warnings()[0].contains("was built for kernel 6.2.0-9, as the headers"), "{:?}", site.warnings());
}

#[test]
fn a_failing_pre_build_ends_the_build_with_its_code() {
    let mut site = Site::new();
    site.conf.scripts.pre_build = Some(site.script("pre.sh", "echo \"got $1 in $PWD\"; exit 42") + " $kernelver");
    let error = site.build().unwrap_err();
    assert_eq!((error.kind().code(), site.built("").exists()), (42, false));
    let log = fs_err::read_to_string(site.work_folder().join("make.log")).unwrap();
    assert!(log.contains(&format!("got 6.1.0-1 in {}", site.work_folder().display())), "{log}");
}

#[test]
fn a_failing_post_build_leaves_the_module_built_and_writes_into_its_log() {
    let mut site = Site::new();
    let look = "ls ../$kernelver/$arch/module; echo $module $module_version; exit 9";
    site.conf.scripts.post_build = Some(site.script("post.sh", look));
    assert_eq!(site.build().unwrap_err().kind(), Kind::Script(9));
    let log = site.text("log/make.log");
    assert!(log.contains("Module.symvers\nb.ko\nfoo 1.0\n\n# exit code: 9\n"), "{log}");
}

#[test]
fn a_script_that_is_not_executable_is_a_warning() {
    let mut site = Site::new();
    site.conf.scripts.pre_build = Some("gone.sh".to_owned());
    site.build().unwrap();
    assert!(site.warnings()[0].contains("gone.sh does not exist"), "{:?}", site.warnings());
}

#[test]
fn make_sees_four_variables_exported_and_the_others_in_its_line() {
    let site = Site::new().make(
        "mkdir -p sub; cat ok.ko >sub/a.ko; \
         echo \"$kernel_source_dir|$kernel_config|$dkms_tree|$parallel_jobs\"; \
         env | grep -E '^(module|module_version|kernelver|arch|kernel_source_dir|dkms_tree|install_tree)=' | sort",
    );
    site.build().unwrap();
    let folder = site.folder.display();
    let log = site.text("log/make.log");
    assert!(log.contains(&format!("{folder}/lib/modules/6.1.0-1/build|/nonexistent|{folder}/dkms|1\n")), "{log}");
    assert!(log.contains("arch=x86_64\nkernelver=6.1.0-1\nmodule=foo\nmodule_version=1.0\n\n"), "{log}");
}

#[test]
fn versions_of_dependencies_are_noted_where_a_rebuild_may_follow() {
    let mut site = Site::new();
    let name = |name: &str| ModuleName::new(name).unwrap();
    site.dependencies = vec![(name("spl"), Some("0.7".to_owned())), (name("gone"), None)];
    site.build().unwrap();
    assert!(!site.built(".dep_spl").exists());
    site.conf.build_depends_rebuild = true;
    site.build().unwrap();
    assert_eq!(site.text(".dep_spl"), "0.7\n");
    assert!(!site.built(".dep_gone").exists());
}

#[test]
fn a_module_that_cannot_be_stripped_is_built_with_a_warning() {
    let mut site = Site::new();
    site.conf.modules[0].strip = true;
    // A machine that strip does not know.
    let mut odd = ok_module();
    odd[18..20].fill(0xee);
    fs_err::write(site.source().join("ok.ko"), &odd).unwrap();
    site.build().unwrap();
    assert!(site.warnings()[0].starts_with("b.ko of foo/1.0 was not stripped"), "{:?}", site.warnings());
    assert_eq!(fs_err::read(site.built("module/b.ko")).unwrap(), odd);
    assert_eq!(fs_err::read_dir(site.built("module")).unwrap().count(), 2, "nothing staged is left");
}

#[test]
fn the_file_of_build_environment_reaches_make() {
    let mut site = Site::new().make("mkdir -p sub; cat ok.ko >sub/a.ko; echo \"extra is $EXTRA\"");
    let file = site.folder.join("environment");
    fs_err::write(&file, "export EXTRA='a b'\n").unwrap();
    site.framework.build_environment = Some(file);
    site.build().unwrap();
    assert!(site.text("log/make.log").contains("extra is a b\n"));
}

#[test]
fn a_source_that_cannot_be_copied_leaves_no_half_build_folder() {
    let site = Site::new();
    let fifo = site.source().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let error = site.build().unwrap_err();
    assert!(error.causes().iter().any(|cause| cause.contains("pipe")), "{:?}", error.causes());
    assert!(!site.work_folder().exists());
}

#[test]
fn modules_are_for_everybody_to_read() {
    let site = Site::new().make("umask 077; mkdir -p sub; cat ok.ko >sub/a.ko");
    site.build().unwrap();
    assert_eq!(fs_err::metadata(site.built("module/b.ko")).unwrap().permissions().mode() & 0o777, 0o644);
}
