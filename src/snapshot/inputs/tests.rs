use super::*;
use crate::conf::Framework;
use crate::ids::{Arch, KernelRelease, ModuleVersion};
use crate::kernel::Headers;
use crate::tree::Layout;

const CONFIG: &str = "CONFIG_MODULE_SIG_HASH=\"sha256\"\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian) 12.2.0\"\n";

struct Site(tempfile::TempDir);

impl Site {
    /// A root in which every input of foo/1 for 6.1 is there.
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        for file in ["src/foo.c", "headers/Module.symvers", "etc/dkms/foo.conf", "usr/bin/gcc-12.2", "mok.pub"] {
            site.write(file, "old");
        }
        site.write("headers/.config", CONFIG);
        site.write("var/lib/dkms/bar/1/6.1/x86_64/module/Module.symvers", "old");
        site.link("1/6.1/x86_64", "var/lib/dkms/bar/kernel-6.1-x86_64");
        site.link("gcc-12.2", "usr/bin/gcc-12");
        site
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.0.path().join(file);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, text).unwrap();
    }

    fn link(&self, text: &str, link: &str) {
        let link = self.0.path().join(link);
        drop(fs_err::remove_file(&link));
        fs_err::os::unix::fs::symlink(text, link).unwrap();
    }

    fn layout(&self) -> Layout {
        let places = ["/var/lib/dkms", "/usr/src", "/lib/modules"].map(Path::new);
        Layout::new(self.0.path(), places[0], places[1], places[2])
    }

    fn taken(&self, inputs: &Inputs) -> Digests {
        let root = self.0.path();
        let system = System::host().with_root(root);
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let headers = Headers::Present { folder: root.join("headers") };
        let kernel = Kernel {
            target,
            folder: root.join("lib/modules/6.1"),
            present: true,
            read_only: false,
            headers,
            base: None,
        };
        let id = ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1").unwrap());
        let (mut framework, _) = Framework::read(&system);
        framework.mok_certificate = Some("/mok.pub".into());
        let tree = Tree::new(self.layout());
        let view = View { system: &system, framework: &framework, tree: &tree, inputs };
        let depends = [ModuleName::new("bar").unwrap()];
        let making = Making { id: &id, kernel: &kernel, source: &root.join("src"), depends: &depends };
        digests(&view, &making, &Memo::default()).unwrap()
    }

    fn now(&self) -> Digests {
        self.taken(&Inputs::default())
    }
}

#[test]
fn each_input_is_named_when_it_changes() {
    let site = Site::new();
    assert_eq!(differences(&site.now(), &site.now()), [""; 0]);
    let cases = [
        ("src/foo.c", "source"),
        ("headers/Module.symvers", "kernel headers"),
        ("headers/.config", "kernel configuration"),
        ("etc/dkms/foo.conf", "configuration in /etc/dkms"),
        ("etc/dkms/foo/patches/new.patch", "files in /etc/dkms"),
        ("mok.pub", "signing certificate"),
        ("var/lib/dkms/bar/1/6.1/x86_64/module/Module.symvers", "symbols of bar"),
    ];
    for (file, name) in cases {
        let before = site.now();
        site.write(file, &format!("{CONFIG}CONFIG_NEW=y\n"));
        assert_eq!(differences(&before, &site.now()), [name], "{file}");
    }
    let before = site.now();
    site.write("usr/bin/gcc-13.1", "");
    site.link("gcc-13.1", "usr/bin/gcc-12");
    assert_eq!(differences(&before, &site.now()), ["compiler"]);
    let before = site.now();
    site.write("etc/dkms/foobar.conf", "other module");
    assert_eq!(differences(&before, &site.now()), [""; 0]);
}

#[test]
fn a_compiler_certificate_or_dependency_that_comes_or_goes_is_no_reason_to_build_again() {
    let site = Site::new();
    let with = site.now();
    for file in ["mok.pub", "usr/bin/gcc-12", "var/lib/dkms/bar/kernel-6.1-x86_64"] {
        fs_err::remove_file(site.0.path().join(file)).unwrap();
    }
    let without = site.now();
    assert_eq!(without.len() + 3, with.len());
    assert_eq!(differences(&with, &without), [""; 0]);
    assert_eq!(differences(&without, &with), [""; 0]);
}

#[test]
fn a_build_from_files_or_directives_of_the_command_line_is_compared_with_nothing() {
    let site = Site::new();
    let given = |directive: &str| Inputs { directives: vec![directive.to_owned()], ..Inputs::default() };
    let build = site.taken(&given("STRIP=no"));
    site.write("src/foo.c", "new");
    assert_eq!(differences(&build, &site.now()), [""; 0]);
    assert_ne!(site.taken(&given("STRIP=no")), site.taken(&given("STRIP=yes")), "a cached build is told apart");
}

#[test]
fn what_nobody_touched_since_is_not_read_again() {
    let site = Site::new();
    let source = site.0.path().join("src");
    let layout = site.layout();
    let present = SystemTime::now();
    let later = present + std::time::Duration::from_secs(60);
    let memo = |now| Memo::of_earlier_runs(&layout, now);
    let first = memo(present);
    let digest = first.of_source(&source).unwrap();
    assert!(first.learnt().is_empty(), "the next change might bear the same time");
    let second = memo(later);
    assert_eq!(second.of_source(&source).unwrap(), digest);
    // Another digest than the true one shows where it comes from.
    let stamp = fingerprint::stamp_of_folder(&source, later).unwrap().unwrap();
    assert_eq!(second.learnt().get(&source, &stamp), Some(digest.as_str()));
    let mut kept = KnownDigests::default();
    kept.put(&source, stamp, "kept".to_owned());
    site.write("var/lib/dkms/.records/digests.json", &serde_json::to_string(&kept).unwrap());
    assert_eq!(memo(later).of_source(&source).unwrap(), "kept");
    assert_eq!(memo(present).of_source(&source).unwrap(), digest);
    assert_eq!(Memo::default().of_source(&source).unwrap(), digest, "a build reads what it is made from");
    site.write("src/foo.c", "old");
    assert_eq!(memo(later).of_source(&source).unwrap(), digest, "written again, and the same");
    site.write("src/foo.c", "new");
    assert_ne!(memo(later).of_source(&source).unwrap(), digest);
}

#[test]
fn what_a_configuration_says_is_kept_until_it_is_another() {
    let site = Site::new();
    let file = site.0.path().join("headers/.config");
    let layout = site.layout();
    let memo = || Memo::of_earlier_runs(&layout, SystemTime::now() + std::time::Duration::from_secs(60));
    let first = memo();
    let (digest, said) = first.config(&file).unwrap();
    assert_eq!(said, Toolset { compiler: Some("gcc-12".to_owned()), is_clang: false, takes_signatures: true });
    let kept = serde_json::to_string(&first.learnt()).unwrap();
    // Another answer than the true one shows where it comes from.
    site.write("var/lib/dkms/.records/digests.json", &kept.replace("gcc-12", "gcc-99"));
    let (again, said) = memo().config(&file).unwrap();
    assert_eq!((again, said.compiler.as_deref()), (digest, Some("gcc-99")));
    site.write("headers/.config", "CONFIG_CC_IS_CLANG=y\n");
    let (_, said) = memo().config(&file).unwrap();
    assert_eq!(said, Toolset { compiler: None, is_clang: true, takes_signatures: false });
}
