//! framework.conf's policies: what an event ends with, what kernels lack, how long the lock is waited for.

use crate::sandbox::{KERNEL, Ran, SECOND, Sandbox};

/// `foo` can be built and is installed on the first kernel; `bad` cannot.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["foo", "bad"] {
        sandbox.source(name, "1", "");
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox.write("src/bad-1/FAIL", "");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    sandbox
}

/// The second kernel's package is configured.
fn postinst(sandbox: &Sandbox, settings: &str) -> Ran {
    sandbox.with_settings(settings, &format!("event kernel postinst {SECOND} /boot/vmlinuz-{SECOND}"))
}

#[test]
fn each_policy_gives_each_hook_its_exit_code() {
    const REPORT: &str = "";
    const STRICT: &str = "failure_policy=strict\n";
    for (settings, event, code) in [
        (REPORT, "kernel postinst KERNEL /boot/x", 0),
        (STRICT, "kernel postinst KERNEL /boot/x", 76),
        ("strict_modules=bad\n", "kernel postinst KERNEL /boot/x", 76),
        ("strict_modules=foo\n", "kernel postinst KERNEL /boot/x", 0),
        (STRICT, "kernel header_postinst KERNEL", 76),
        (STRICT, "kernel prerm KERNEL /boot/x", 0),
        (STRICT, "kernel-install add KERNEL /efi/x /boot/x", 76),
        (STRICT, "kernel-install remove KERNEL /efi/x", 0),
        (STRICT, "dpkg postinst bad 1 configure", 76),
        (STRICT, "dpkg postinst bad 1 abort-remove", 0),
        (STRICT, "common-postinst bad 1 /usr/share/bad-dkms", 76),
        (STRICT, "dpkg-self postinst triggered /usr/src", 0),
        (STRICT, "dpkg-self postinst configure", 0),
        (STRICT, "rpm posttrans bad 1 1", 76),
        (STRICT, "rpm preun bad 1 0", 0),
        (STRICT, "rpm-trigger transfiletriggerpostun 0", 76),
        ("no_such_setting=1\nfailure_policy=maybe\n", "kernel postinst KERNEL /boot/x", 0),
    ] {
        let ran = machine().with_settings(settings, &format!("event {}", event.replace("KERNEL", SECOND)));
        assert_eq!(ran.code, code, "{settings:?} {event}: {ran:#?}");
        let is_told = ran.err.contains("bad failed, and the failure policy is strict");
        assert_eq!(is_told, code == 76, "{settings:?} {event}: {ran:#?}");
    }
}

#[test]
fn a_failing_step_under_strict_stops_no_other_module() {
    let sandbox = machine();
    assert_eq!(postinst(&sandbox, "failure_policy=strict\n").code, 76);
    assert!(sandbox.status().contains(&format!("foo/1, {SECOND}, ARCH: installed")));
}

#[test]
fn a_kernel_that_lacks_an_essential_module_is_named_and_held_only_on_request() {
    for (settings, code, is_named) in [
        ("essential_modules=foo\n", 0, false),
        ("essential_modules='foo bad'\n", 0, true),
        ("essential_modules='foo nobody-knows-it'\nhold=yes\n", 0, true),
        ("essential_modules=foo\nhold=yes\n", 0, false),
    ] {
        let ran = postinst(&machine(), settings);
        assert_eq!(ran.code, code, "{settings:?}: {ran:#?}");
        assert_eq!(ran.err.contains("LACKS the essential"), is_named, "{settings:?}: {ran:#?}");
    }
    // On the first kernel it is there, on the new one it fails.
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    let settings = "essential_modules=foo\nhold=yes\n";
    let held = postinst(&sandbox, settings);
    assert_eq!(held.code, 76, "{held:#?}");
    let named = format!("kernel {SECOND} LACKS the essential foo: do not boot it");
    let told = format!("kernel {SECOND} is held back: it lacks the essential foo, which kernel {KERNEL} has");
    assert!(held.err.contains(&named) && held.err.contains(&told), "{held:#?}");
    let headers = sandbox.with_settings(settings, &format!("event kernel header_postinst {SECOND}"));
    assert_eq!(headers.code, 0, "headers keep no kernel from booting: {headers:#?}");

    let check = sandbox.with_settings(settings, "check");
    assert_eq!(check.code, 2, "{check:#?}");
    assert!(check.err.contains(&named) && check.err.contains("without an essential module: 1"), "{check:#?}");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.with_settings(settings, "check --json").out).expect("JSON");
    assert_eq!((&json["lacking"][0]["module"], &json["lacking"][0]["kernel"]), (&"foo".into(), &SECOND.into()));
    sandbox.ok(&format!("unbuild foo/1 -k {KERNEL}"));
    assert_eq!(postinst(&sandbox, settings).code, 0, "no other kernel has it either");
}

#[test]
fn a_lock_that_is_not_let_go_is_waited_for_as_long_as_the_settings_say() {
    let sandbox = machine();
    let lock = std::fs::File::options().read(true).write(true).open(sandbox.path("dkms/.lock")).expect("the lock");
    lock.lock().expect("to hold it");
    std::io::Write::write_all(&mut &lock, b"1 0 somebody else\n").expect("who holds it");
    let ran = sandbox.with_settings("lock_timeout=0\n", &format!("install foo/1 -k {SECOND}"));
    assert_eq!(ran.code, 75, "{ran:#?}");
    assert!(ran.err.contains("another dkms (process 1: somebody else) still holds the lock"), "{ran:#?}");
    assert!(ran.err.contains("lock_timeout in framework.conf(5)"), "{ran:#?}");
    let waiting = sandbox.with_settings("lock_timeout=1\n", &format!("event kernel postinst {SECOND} /boot/x"));
    assert!(waiting.err.contains("(process 1: somebody else), for 1 s at most"), "{waiting:#?}");
    assert_eq!(waiting.code, 0, "{waiting:#?}");
    let strict = "lock_timeout=0\nfailure_policy=strict\n";
    let ran = sandbox.with_settings(strict, &format!("event kernel postinst {SECOND} /boot/x"));
    assert_eq!(ran.code, 76, "{ran:#?}");
    drop(lock);
    assert_eq!(sandbox.with_settings(strict, "event rpm preun foo 1 0").code, 0);
}
