use std::os::unix::fs::symlink;
use std::path::Path;

use fs_err as fs;

use super::*;
use crate::ids::{Arch, KernelRelease, ModuleVersion};

/// A root with an empty tree in it.
pub(super) struct Sandbox {
    top: tempfile::TempDir,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let sandbox = Self { top: tempfile::tempdir().unwrap() };
        for folder in ["var/lib/dkms", "usr/src", "lib/modules"] {
            fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        sandbox
    }

    pub(super) fn path(&self, inside: &str) -> std::path::PathBuf {
        self.top.path().join(inside)
    }

    pub(super) fn tree(&self) -> Tree {
        Tree::new(layout(self.top.path()))
    }

    pub(super) fn lock(&self) -> TreeLock {
        TreeLock::acquire(self.tree().layout(), std::time::Duration::from_secs(10), None, &mut |_| {}).unwrap()
    }

    /// A file below `/var/lib/dkms`, with its folders.
    pub(super) fn file(&self, inside: &str, text: &str) {
        let file = self.path("var/lib/dkms").join(inside);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(super) fn link(&self, inside: &str, text: &str) {
        let link = self.path("var/lib/dkms").join(inside);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(text, link).unwrap();
    }

    /// Registers a module with its source.
    pub(super) fn added(&self, name: &str, version: &str) -> ModuleId {
        fs::create_dir_all(self.path("usr/src").join(format!("{name}-{version}"))).unwrap();
        self.link(&format!("{name}/{version}/source"), &format!("/usr/src/{name}-{version}"));
        id(name, version)
    }

    pub(super) fn built(&self, name: &str, version: &str, kernel: &str) {
        self.file(&format!("{name}/{version}/{kernel}/x86_64/module/{name}.ko"), version);
    }

    pub(super) fn active_on(&self, name: &str, version: &str, kernel: &str) {
        self.link(&format!("{name}/kernel-{kernel}-x86_64"), &format!("{version}/{kernel}/x86_64"));
    }

    /// One line per version and build, as `status` would put it.
    pub(super) fn states(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for entry in self.tree().modules().unwrap() {
            let state = if matches!(entry.state, VersionState::Added { .. }) { "added" } else { "broken" };
            lines.push(format!("{} {state}", entry.id));
            for build in entry.builds {
                let state = if build.installed { "installed" } else { "built" };
                let original = if build.has_original { " original" } else { "" };
                let weak: String = build.weak.iter().map(|(kernel, _)| format!(" weak {kernel}")).collect();
                lines.push(format!("  {} {state}{original}{weak}", build.target));
            }
        }
        lines
    }
}

pub(super) fn layout(root: &Path) -> Layout {
    Layout::new(root, "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), "/lib/modules".as_ref())
}

pub(super) fn id(name: &str, version: &str) -> ModuleId {
    ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new(version).unwrap())
}

pub(super) fn target(kernel: &str) -> Target {
    Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap())
}

#[test]
fn a_tree_that_is_not_there_is_empty() {
    let tree = Tree::new(layout(Path::new("/nowhere")));
    assert!(tree.modules().unwrap().is_empty());
    assert!(tree.module(&id("a", "1")).unwrap().is_none());
    assert_eq!(tree.active(&ModuleName::new("a").unwrap(), &target("6")), None);
}

#[test]
fn states_are_listed_in_byte_order_with_what_is_active() {
    let s = Sandbox::new();
    s.added("b", "1.0");
    s.added("a", "2.0");
    s.added("a", "10.0");
    s.built("a", "2.0", "6.1");
    s.built("a", "2.0", "5.10");
    s.built("a", "10.0", "6.1");
    s.active_on("a", "10.0", "6.1");
    s.file("a/original_module/6.1/x86_64/a.ko", "");
    let expected = [
        "a/10.0 added",
        "  6.1 (x86_64) installed original",
        "a/2.0 added",
        "  5.10 (x86_64) built",
        "  6.1 (x86_64) built original",
        "b/1.0 added",
    ];
    assert_eq!(s.states(), expected);
    assert_eq!(s.tree().active(&ModuleName::new("a").unwrap(), &target("6.1")).unwrap().as_str(), "10.0");
}

#[test]
fn what_is_no_module_is_not_taken_for_one() {
    let s = Sandbox::new();
    s.added("a", "1");
    for file in
        ["mok.key", "mok.pub", "post_transaction.log", ".lock", ".records/x/1/source/f", "a/.tmp_add_x/source/f"]
    {
        s.file(file, "");
    }
    for other in ["build", "tarball", "rpm", "deb", "driver_disk", "original_module"] {
        s.file(&format!("a/1/{other}/x86_64/module/a.ko"), "");
    }
    s.file("a/original_module/6.1/x86_64/a.ko", "");
    s.file("a/1/.6.1/x86_64/module/a.ko", "");
    s.file("a/1/6.1/.tmp_x86_64_abcdef/module/a.ko", "");
    s.file("a/1/6.2/x86_64/log/make.log", "a failed build has no module folder");
    s.link("elsewhere", "/etc");
    s.link("a/3.0", "/etc");
    s.link("a/1/6.3", "/etc");
    s.file("empty/1.0/.x", "");
    assert_eq!(s.states(), ["a/1 added"]);
}

#[test]
fn broken_ones_say_why_and_do_not_disturb_the_others() {
    let s = Sandbox::new();
    s.added("good", "1");
    s.link("dangling/1/source", "/usr/src/dangling-1");
    s.built("dangling", "1", "6.1");
    s.link("file/1/source", "/usr/src/file");
    fs::write(s.path("usr/src/file"), "").unwrap();
    fs::create_dir_all(s.path("usr/src/gone-1")).unwrap();
    s.file("gone/1/.keep", "");
    s.built("orphan", "1", "6.1");
    s.file("plain/1/source", "");
    s.link("ring/1/source", "/var/lib/dkms/ring/1/source");
    let why = |name: &str| match s.tree().module(&id(name, "1")).unwrap().unwrap().state {
        VersionState::Broken { why } => why,
        VersionState::Added { source } => panic!("{name} has {}", source.display()),
    };
    assert!(why("dangling").ends_with("leads to /usr/src/dangling-1, which does not exist"));
    assert!(why("file").ends_with("leads to /usr/src/file, which is not a folder"));
    assert!(why("gone").contains("is missing although"));
    assert!(s.tree().module(&id("orphan", "1")).unwrap().is_none());
    assert!(why("plain").contains("neither"));
    assert!(why("ring").contains("leads to"));
    assert_eq!(s.states().len(), 6 + 1);
}

#[test]
fn a_binaries_only_module_has_a_folder_of_its_own_as_source() {
    let s = Sandbox::new();
    s.file("a/1/source/dkms.conf", "");
    s.built("a", "1", "6.1");
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) built"]);
}

#[test]
fn a_relative_source_link_and_an_absolute_active_link_count() {
    let s = Sandbox::new();
    fs::create_dir_all(s.path("usr/src/a-1")).unwrap();
    s.link("a/1/source", "../../../../../usr/src/a-1");
    s.built("a", "1", "6.1");
    s.link("a/kernel-6.1-x86_64", "/var/lib/dkms/a/1/6.1/x86_64/");
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) installed"]);
}

#[test]
fn an_active_link_that_names_another_kernel_does_not_count() {
    let s = Sandbox::new();
    s.added("a", "1");
    s.built("a", "1", "6.1");
    s.link("a/kernel-6.1-x86_64", "1/6.2/x86_64");
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) built"]);
}

#[test]
fn a_weak_installed_module_has_all_its_files_linked_on_the_other_kernel() {
    let s = Sandbox::new();
    s.added("a", "1");
    s.built("a", "1", "6.1");
    s.file("a/1/6.1/x86_64/module/second.ko.xz", "");
    s.file("a/1/6.1/x86_64/module/Module.symvers", "");
    s.active_on("a", "1", "6.1");
    for file in ["lib/modules/6.1/extra/a.ko", "lib/modules/6.1/extra/sub/second.ko.xz"] {
        fs::create_dir_all(s.path(file).parent().unwrap()).unwrap();
        fs::write(s.path(file), "").unwrap();
    }
    let weak = |kernel: &str, name: &str, text: &str| {
        let folder = s.path(&format!("lib/modules/{kernel}/weak-updates/extra"));
        fs::create_dir_all(&folder).unwrap();
        symlink(text, folder.join(name)).unwrap();
    };
    weak("6.2", "a.ko", "/lib/modules/6.1/extra/a.ko");
    weak("6.2", "second.ko.xz", "/usr/lib/modules/6.1/extra/sub/second.ko.xz");
    weak("6.3", "a.ko", "/lib/modules/6.1/extra/a.ko");
    weak("6.4", "a.ko", "/lib/modules/6.1/extra/a.ko");
    weak("6.4", "second.ko.xz", "/lib/modules/6.1/extra/gone/second.ko.xz");
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) installed weak 6.2"]);
}

/// Time that this thread has spent on a processor, in nanoseconds: other work on the machine does not count.
fn processor_time() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn thirty_modules_on_three_kernels_are_listed_within_milliseconds() {
    let s = Sandbox::new();
    for n in 0..30 {
        let name = format!("module{n}");
        s.added(&name, "1.0");
        for kernel in ["6.1", "6.2", "6.3"] {
            s.built(&name, "1.0", kernel);
            s.active_on(&name, "1.0", kernel);
        }
    }
    let tree = s.tree();
    let measure = |_| {
        let begin = processor_time();
        assert_eq!(tree.modules().unwrap().len(), 30);
        processor_time() - begin
    };
    let fastest = (0..5).map(measure).min().unwrap();
    // Unoptimised; a release build takes a fifth of this.
    assert!(fastest < 40_000_000, "{fastest} ns");
}

#[test]
fn builds_for_other_architectures_are_seen_beside_the_one_that_a_link_names() {
    let all = ["aarch64", "i686", "x86_64"];
    for built in [&all[..], &["i686"], &["x86_64"], &["i686", "x86_64"], &[]] {
        let s = Sandbox::new();
        s.added("a", "1");
        for arch in built {
            s.file(&format!("a/1/6.1/{arch}/module/a.ko"), "");
        }
        s.active_on("a", "1", "6.1");
        let entry = s.tree().module(&id("a", "1")).unwrap().unwrap();
        let found: Vec<_> = entry.builds.iter().map(|build| build.target.arch.as_str()).collect();
        assert_eq!(found, built);
    }
}
