//! `--root DIR`: the disk of another root decides, and links in it lead nowhere else. Nothing is built here: programs of a
//! root run inside it, and this one has none.

use std::os::unix::fs::symlink;

use crate::sandbox::{KERNEL, Ran, SECOND, Sandbox};

/// A root below `root` with two kernels that have headers and one that has none, as Debian has them: by absolute links.
fn root() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("root/etc/os-release", "ID=debian\n");
    for kernel in [KERNEL, SECOND] {
        sandbox.write(&format!("root/usr/src/headers-{kernel}/include/config/auto.conf"), "CONFIG_ARM64=y\n");
        sandbox.write(&format!("root/usr/lib/modules/{kernel}/modules.dep"), "");
        let build = sandbox.path(&format!("root/usr/lib/modules/{kernel}/build"));
        symlink(format!("/usr/src/headers-{kernel}"), build).unwrap();
    }
    sandbox.write("root/usr/lib/modules/6.1.0-3/modules.dep", "");
    symlink("/usr/lib", sandbox.path("root/lib")).unwrap();
    symlink("/srv", sandbox.path("root/var")).unwrap();
    sandbox.write("root/srv/lib/placeholder", "");
    sandbox.source_in("root/usr/src/foo-1", "foo", "1", "");
    sandbox
}

fn dkms(sandbox: &Sandbox, line: &str) -> Ran {
    sandbox.plain(&line.replace("ROOT", &sandbox.path("root").display().to_string()), &[])
}

#[test]
fn without_a_kernel_named_those_of_the_root_that_have_headers_are_meant() {
    let sandbox = root();
    let added = dkms(&sandbox, "--root ROOT add foo/1");
    assert_eq!(added.code, 0, "{added:#?}");
    for line in ["autoinstall --root=ROOT", "--root ROOT install foo/1", "install foo/1 --root ROOT"] {
        let planned = dkms(&sandbox, &format!("{line} --dry-run"));
        for kernel in [KERNEL, SECOND] {
            let step = format!("install   foo/1 for {kernel} (aarch64)");
            assert_eq!(planned.out.matches(&step).count(), 1, "{line}: {planned:#?}");
        }
        assert!(!planned.out.contains("6.1.0-3"), "{line}: {planned:#?}");
    }
    let planned = dkms(&sandbox, "--root ROOT build foo/1 -a riscv64 --dry-run");
    assert!(planned.out.contains(&format!("foo/1 for {SECOND} (riscv64)")), "{planned:#?}");
    let one = dkms(&sandbox, "--root ROOT match --templatekernel 6.1.0-3 --dry-run");
    assert!(one.code == 4 && one.err.contains("-k"), "{one:#?}");
}

#[test]
fn links_of_the_root_are_followed_inside_it() {
    let sandbox = root();
    assert_eq!(dkms(&sandbox, "--root ROOT add foo/1").code, 0);
    let source = sandbox.path("root/srv/lib/dkms/foo/1/source");
    assert_eq!(std::fs::read_link(source).unwrap().to_str(), Some("/usr/src/foo-1"));
    assert_eq!(dkms(&sandbox, "--root ROOT status").out, "foo/1: added\n");
    let gone = dkms(&sandbox, "--root ROOT remove foo/1");
    assert_eq!((gone.code, dkms(&sandbox, "--root ROOT status").out.as_str()), (0, ""), "{gone:#?}");
}

#[test]
fn the_places_are_those_of_the_roots_settings() {
    let sandbox = root();
    sandbox.write("root/etc/dkms/framework.conf", "dkms_tree=/usr/lib/dkms-tree\n");
    assert_eq!(dkms(&sandbox, "--root ROOT add foo/1").code, 0);
    assert!(sandbox.path("root/usr/lib/dkms-tree/foo/1").is_dir());
    assert_eq!(dkms(&sandbox, "--root ROOT --dkmstree /elsewhere status").out, "");
}

#[test]
fn a_root_without_kernels_or_that_is_none_is_said_to_be_so() {
    let sandbox = root();
    std::fs::remove_dir_all(sandbox.path("root/usr/lib/modules")).unwrap();
    for action in ["autoinstall", "install foo/1", "build foo/1"] {
        let ran = dkms(&sandbox, &format!("--root ROOT {action}"));
        assert!(ran.code == 21 && ran.err.contains("there is no kernel in /root/usr/lib/modules"), "{ran:#?}");
    }
    for line in ["--root ROOT/nowhere status", "event --root ROOT/etc/os-release kernel postinst 6.1", "--root"] {
        let ran = dkms(&sandbox, line);
        assert_eq!(ran.code, 2, "{line}: {ran:#?}");
    }
}

#[test]
fn an_event_is_about_the_root_that_it_names_or_that_dpkg_names() {
    let sandbox = root();
    assert_eq!(dkms(&sandbox, "--root ROOT add foo/1").code, 0);
    let step = format!("install   foo/1 for {KERNEL} (aarch64)");
    let event = format!("kernel header_postinst {KERNEL}");
    for line in [format!("event --root ROOT --dry-run {event}"), format!("--root=ROOT event --dry-run {event}")] {
        let planned = dkms(&sandbox, &line);
        assert!(planned.out.contains(&step), "{planned:#?}");
    }
    let (root, dkms) = (sandbox.path("root").display().to_string(), format!("event --dry-run {event}"));
    let told = [("DPKG_ROOT", root.as_str()), ("DPKG_MAINTSCRIPT_NAME", "postinst")];
    let planned = sandbox.plain(&dkms, &told);
    assert!(planned.out.contains(&step), "{planned:#?}");
    let planned = sandbox.plain("status", &told);
    assert_eq!(planned.out, "foo/1: added\n", "what a maintainer script asks for is about its root, too");
    assert_ne!(
        sandbox.plain("status", &told[..1]).out,
        planned.out,
        "without a script the variable is somebody else's"
    );
}

#[test]
fn a_toolchain_is_another_root_than_the_one_that_is_built_for() {
    let sandbox = root();
    sandbox.write("tools/usr/bin/make", "");
    let tools = sandbox.path("tools").display().to_string();
    for (line, told) in [
        ("build foo/1 --toolchain host", "--toolchain is for another root, and none was named"),
        ("--root ROOT build foo/1 --toolchain tools", "takes `host` or the whole path of a root"),
        ("--root ROOT build foo/1 --toolchain /nowhere/at/all", "there is no such folder"),
        ("--root ROOT build foo/1 --toolchain ROOT/etc/os-release", "there is no such folder"),
        ("--root ROOT build foo/1 --toolchain ROOT/etc", "is no root: it has neither bin nor usr/bin"),
        ("--root ROOT build foo/1 --toolchain ROOT/../root", "is the root itself"),
        ("--root ROOT status --toolchain host", "status does not take --toolchain"),
        ("--root ROOT build foo/1 --toolchain", "--toolchain"),
    ] {
        let refused = dkms(&sandbox, line);
        assert!(refused.code == 2 && refused.err.contains(told), "{line}: {refused:#?}");
    }
    assert_eq!(dkms(&sandbox, "--root ROOT add foo/1").code, 0);
    for toolchain in ["host", &tools] {
        let planned = dkms(&sandbox, &format!("--root ROOT build foo/1 --toolchain {toolchain} --dry-run"));
        assert!(planned.code == 0 && planned.out.contains("build     foo/1"), "{planned:#?}");
    }
}
