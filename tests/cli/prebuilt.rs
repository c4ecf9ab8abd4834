//! Finished modules that a package brought, where framework.conf has prebuilt=repo: the source stands back.

use std::fs;

use crate::sandbox::{KERNEL, Ran, SECOND, Sandbox};

const REPO: &str = "prebuilt=repo\n";

/// A module that is registered, and what a package brought of it in this version.
fn machine(version: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1.1", "");
    sandbox.ok(&format!("build foo/1.1 -k {KERNEL}"));
    let built = sandbox.files(&format!("dkms/foo/1.1/{KERNEL}")).into_iter().find(|file| file.ends_with("foo.ko"));
    let built = sandbox.path(&format!("dkms/foo/1.1/{KERNEL}/{}", built.expect("a module")));
    let module = fs::read(built).expect("its file");
    sandbox.ok(&format!("unbuild foo/1.1 -k {KERNEL}"));
    sandbox.write(&brought("dkms-prebuilt"), &format!("package=foo-modules\nmodule=foo/{version}\nkernel={KERNEL}\n"));
    fs::write(sandbox.path(&brought("foo.ko")), module).expect("a module");
    sandbox
}

fn brought(file: &str) -> String {
    format!("lib/modules/{KERNEL}/updates/foo/{file}")
}

fn planned(sandbox: &Sandbox, settings: &str, line: &str) -> String {
    let ran = sandbox.with_settings(settings, &format!("{line} --dry-run"));
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.out
}

fn is_built(plan: &str) -> bool {
    plan.contains(&format!("build     foo/1.1 for {KERNEL}"))
}

#[test]
fn nothing_is_built_where_a_package_has_it_and_status_tells() {
    let sandbox = machine("1.1");
    let plan = planned(&sandbox, REPO, "reconcile");
    assert!(
        !is_built(&plan) && plan.contains(&format!("foo/1.1 for {KERNEL}: foo-modules has it, nothing to compile"))
    );
    assert!(plan.contains(&format!("build     foo/1.1 for {SECOND}")), "{plan}");
    let status = sandbox.with_settings(REPO, "status");
    assert!(status.out == "foo/1.1: added\n" && status.err.contains("foo-modules has it"), "{status:#?}");
    let of_another = sandbox.with_settings(REPO, &format!("status -k {SECOND}"));
    assert!(!of_another.err.contains("foo-modules"), "{of_another:#?}");
    let said = |ran: &Ran| ran.out.contains("foo-modules has it") || ran.err.contains("foo-modules has it");
    let arrived = sandbox.with_settings(REPO, &format!("event kernel postinst {KERNEL} /boot/x"));
    assert!(arrived.code == 0 && said(&arrived), "{arrived:#?}");
    let essential = format!("{REPO}essential_modules=foo\n");
    let check = sandbox.with_settings(&essential, &format!("check -k {KERNEL}"));
    assert!(check.code == 0 && !check.err.contains("LACKS"), "{check:#?}");
    assert!(is_built(&planned(&sandbox, "", "reconcile")), "that is asked for by a setting");
    assert!(is_built(&planned(&sandbox, REPO, &format!("autoinstall -k {KERNEL} --force"))), "as always");
    assert!(is_built(&planned(&sandbox, REPO, &format!("install foo/1.1 -k {KERNEL}"))), "a person named it");
}

/// What makes finished modules useless.
type Spoil<'a> = &'a dyn Fn(&Sandbox);

#[test]
fn what_would_not_serve_is_built() {
    let cases: [(&str, Spoil); 5] = [
        ("the module is cut", &|sandbox| fs::write(sandbox.path(&brought("foo.ko")), "cut").unwrap()),
        ("the module has gone", &|sandbox| fs::remove_file(sandbox.path(&brought("foo.ko"))).unwrap()),
        ("it is for another kernel", &|sandbox| {
            let file = sandbox.path(&brought("foo.ko"));
            let text = fs::read(&file).unwrap();
            let at = text.windows(KERNEL.len()).position(|word| word == KERNEL.as_bytes()).unwrap();
            fs::write(&file, [&text[..at], SECOND.as_bytes(), &text[at + KERNEL.len()..]].concat()).unwrap();
        }),
        ("what lies beside it says nothing", &|sandbox| sandbox.write(&brought("dkms-prebuilt"), "\0")),
        ("the kernel would not load it", &|sandbox| {
            let config = format!("lib/modules/{KERNEL}/build/include/config/auto.conf");
            sandbox.write(&config, "CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\n");
        }),
    ];
    for (what, spoil) in cases {
        let sandbox = machine("1.1");
        assert!(!is_built(&planned(&sandbox, REPO, "reconcile")), "{what}");
        spoil(&sandbox);
        let plan = planned(&sandbox, REPO, "reconcile");
        assert!(is_built(&plan), "{what}: {plan}");
    }
    assert!(is_built(&planned(&machine("1.0"), REPO, "reconcile")), "an older one");
    let bad = machine("1.1").with_settings("prebuilt=maybe\n", "status");
    assert!(bad.err.contains("prebuilt is `maybe`; it must be repo or no"), "{bad:#?}");
}
