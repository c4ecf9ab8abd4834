//! What stories have found, each by itself.

use super::machine::{Fails, Files, Kernel, Machine, Manager, Package, folder, says};
use crate::sandbox::text_of;

const KERNEL: &str = "6.1.0-1";
const FIRST: Package = Package { version: "1.0", release: 1, fails: Fails::Nowhere };
const SECOND: Package = Package { release: 2, ..FIRST };

/// Kills the dkms that holds the lock.
const KILLER: &str = "#!/bin/sh\nread -r holder rest <\"LOCK\"\nkill -9 \"$holder\"\n";

fn machine(manager: Manager) -> Machine {
    let mut machine = Machine::new(manager);
    for files in [Files::Image(KERNEL), Files::Headers(KERNEL, 1), Files::Depmod(KERNEL)] {
        machine.change(&files);
    }
    machine.kernels.insert(KERNEL, Kernel { image: true, headers: Some(1) });
    machine
}

fn put(machine: &Machine, name: &'static str, package: Package) {
    machine.change(&Files::Unpack(name, package));
    machine.change(&Files::Own(name, package, "installed", 1));
}

fn take(machine: &Machine, name: &'static str, package: Package) {
    machine.change(&Files::Delete(name, package));
    machine.change(&Files::Disown(name, package));
}

fn event(machine: &Machine, words: &str, paths: &[&str]) -> i32 {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    machine.sandbox.event(&[], words, None, &paths).code
}

fn killer(machine: &Machine) -> String {
    KILLER.replace("LOCK", &machine.sandbox.path("dkms/.lock").display().to_string())
}

fn installed(machine: &Machine, name: &str) -> String {
    let file = machine.sandbox.files("lib/modules").into_iter().find(|file| file.ends_with(&format!("dkms/{name}.ko")));
    let file = file.map(|file| machine.sandbox.path(&format!("lib/modules/{file}")));
    file.map(|file| text_of(&std::fs::read_to_string(file).unwrap()).to_owned()).unwrap_or_default()
}

#[test]
fn a_package_that_is_installed_again_leaves_no_note_that_it_was_to_leave() {
    let machine = machine(Manager::Pacman);
    put(&machine, "made", FIRST);
    let paths = ["usr/src/made-1.0/dkms.conf"];
    for words in ["pacman post", "pacman pre", "pacman post"] {
        assert_eq!(event(&machine, words, &paths), 0);
    }
    assert_eq!(machine.sandbox.files("dkms/.records/leaving"), [""; 0]);
    assert!(!machine.sandbox.files("dkms/.records/brought").is_empty(), "where those are that say who brought it");
}

#[test]
fn a_source_whose_arrival_was_killed_goes_with_its_package() {
    let machine = machine(Manager::Dpkg);
    put(&machine, "plain", FIRST);
    machine.sandbox.without_rooms();
    machine.sandbox.tool("make", &killer(&machine));
    assert_eq!(event(&machine, "dpkg-self postinst triggered /usr/src", &[]), -1);
    assert_eq!(machine.sandbox.status(), ["plain/1.0: added"]);
    take(&machine, "plain", FIRST);
    machine.sandbox.ok("reconcile");
    assert!(machine.sandbox.status().is_empty());
}

#[test]
fn a_source_that_a_packages_script_adds_goes_with_its_package_and_a_persons_does_not() {
    for (in_a_transaction, expected) in [(true, &[][..]), (false, &["usual/1.0: broken"])] {
        let machine = machine(Manager::Rpm);
        put(&machine, "usual", FIRST);
        let rpm = [machine.sandbox.path("bin/rpm").display().to_string(), "run".to_owned()];
        let wrapper = if in_a_transaction { &rpm[..] } else { &[] };
        assert_eq!(machine.sandbox.through(wrapper, &["add", "usual/1.0"]).code, 0);
        take(&machine, "usual", FIRST);
        machine.sandbox.dkms("reconcile");
        assert_eq!(machine.sandbox.status(), expected, "in a transaction: {in_a_transaction}");
    }
}

#[test]
fn a_build_that_took_the_place_of_an_installed_one_before_the_run_died_is_installed_by_the_next() {
    let machine = machine(Manager::Dpkg);
    put(&machine, "plain", FIRST);
    machine.sandbox.ok("reconcile");
    put(&machine, "plain", SECOND);
    let conf = std::fs::read_to_string(machine.sandbox.path("src/plain-1.0/dkms.conf")).unwrap();
    machine.sandbox.write("src/plain-1.0/dkms.conf", &format!("{conf}POST_BUILD=die.sh\n"));
    machine.sandbox.without_rooms();
    machine.sandbox.write("src/plain-1.0/die.sh", &killer(&machine));
    let script = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(machine.sandbox.path("src/plain-1.0/die.sh"), script).unwrap();
    assert_eq!(machine.sandbox.dkms("reconcile").code, -1);
    assert_eq!(installed(&machine, "plain"), format!("{}, headers 1\n", says("plain", &FIRST)));
    let plan = machine.sandbox.ok("reconcile --dry-run").out;
    assert!(plan.contains("the kernel has an earlier build of it") && !plan.contains("build  "), "{plan}");
    machine.sandbox.ok("reconcile");
    assert_eq!(installed(&machine, "plain"), format!("{}, headers 1\n", says("plain", &SECOND)));
    assert_eq!(machine.sandbox.ok("check").out, "");
}

#[test]
fn an_install_that_was_interrupted_comes_to_an_end_although_its_package_has_gone_since() {
    for is_placed in [false, true] {
        let machine = machine(Manager::Dpkg);
        put(&machine, "made", FIRST);
        machine.sandbox.ok(if is_placed { "reconcile" } else { "add made/1.0" });
        if !is_placed {
            machine.sandbox.ok(&format!("build made/1.0 -k {KERNEL}"));
        }
        let arch = std::env::consts::ARCH;
        let note = format!(
            "{{\"doing\":\"install\",\"id\":{{\"name\":\"made\",\"version\":\"1.0\"}},\
             \"target\":{{\"kernel\":\"{KERNEL}\",\"arch\":\"{arch}\"}},\"by\":null}}"
        );
        let file = format!("dkms/.intents/made,1.0,{KERNEL},{arch}.json");
        machine.sandbox.write(&file, &note);
        machine.sandbox.write("dkms/.records/brought/made,1.0.json", r#"{"module":{"name":"made","version":"1.0"}}"#);
        take(&machine, "made", FIRST);
        machine.sandbox.dkms("reconcile");
        assert!(!machine.sandbox.path(&file).exists(), "placed: {is_placed}");
        assert!(machine.sandbox.status().is_empty() && installed(&machine, "made").is_empty(), "placed: {is_placed}");
        assert_eq!(machine.sandbox.ok("check").out, "");
    }
}

#[test]
fn what_a_dead_run_left_staged_goes_although_nothing_else_is_to_be_done() {
    let machine = machine(Manager::Dpkg);
    let staged = ["dkms/.logs/plain/1.0/6.1.0-1-x86_64/.tmp_a", "dkms/.intents/.tmp_b", "dkms/.records/brought/.tmp_c"];
    staged.iter().for_each(|file| machine.sandbox.write(file, ""));
    machine.sandbox.ok("reconcile");
    assert_eq!(machine.sandbox.files("dkms").len(), 3, "nobody died here");
    machine.sandbox.write("dkms/.lock", "4000000 1 dkms reconcile\n");
    machine.sandbox.ok("reconcile");
    assert_eq!(machine.sandbox.files("dkms"), [".lock"]);
}

#[test]
fn the_original_of_a_kernel_that_has_gone_is_not_put_back() {
    let machine = machine(Manager::Pacman);
    put(&machine, "plain", FIRST);
    machine.sandbox.ok("reconcile");
    assert!(!machine.sandbox.path(&format!("lib/modules/{KERNEL}/kernel/drivers/plain.ko")).exists());
    machine.change(&Files::NoImage(KERNEL));
    machine.sandbox.ok("reconcile");
    assert_ne!(installed(&machine, "plain"), "", "its headers are there still");
    machine.change(&Files::NoHeaders(KERNEL));
    machine.sandbox.ok("reconcile");
    assert_eq!(machine.sandbox.files("lib/modules"), [""; 0]);
    assert_eq!(machine.sandbox.status(), [format!("{}: added", folder("plain", &FIRST).replace('-', "/"))]);
}

#[test]
fn the_original_of_an_image_that_has_gone_is_not_put_back_under_headers_that_stay() {
    let machine = machine(Manager::Dpkg);
    put(&machine, "plain", FIRST);
    machine.sandbox.ok("reconcile");
    machine.change(&Files::NoImage(KERNEL));
    take(&machine, "plain", FIRST);
    machine.sandbox.ok("reconcile");
    assert_eq!(machine.sandbox.files("lib/modules"), [format!("{KERNEL}/build")]);
}

#[test]
fn what_failed_for_a_kernel_that_has_gone_is_forgotten_with_it() {
    let mut machine = machine(Manager::Dpkg);
    put(&machine, "plain", Package { fails: Fails::Everywhere, ..FIRST });
    event(&machine, "dpkg-self postinst triggered /usr/src", &[]);
    assert!(machine.dkms("status").err.contains("the last build of plain/1.0"));
    machine.change(&Files::NoHeaders(KERNEL));
    machine.change(&Files::NoImage(KERNEL));
    machine.kernels.clear();
    event(&machine, "dpkg-self postinst triggered /usr/src", &[]);
    let fsck = machine.dkms("fsck");
    assert_eq!(fsck.code, 0, "{}{}", fsck.out, fsck.err);
}

#[test]
fn a_kernel_without_headers_keeps_the_version_before_until_the_next_can_be_built() {
    for manager in [Manager::Dpkg, Manager::Rpm] {
        let machine = machine(manager);
        let next = Package { version: "2.0", ..FIRST };
        put(&machine, "plain", FIRST);
        machine.dkms("reconcile");
        assert_eq!(installed(&machine, "plain"), format!("{}, headers 1\n", says("plain", &FIRST)));
        machine.change(&Files::NoHeaders(KERNEL));
        put(&machine, "plain", next);
        take(&machine, "plain", FIRST);
        for _ in 0..2 {
            assert_eq!(machine.dkms("reconcile").code, 0);
            assert_eq!(installed(&machine, "plain"), format!("{}, headers 1\n", says("plain", &FIRST)));
            assert_eq!(machine.dkms("fsck").out, "");
        }
        machine.change(&Files::Headers(KERNEL, 2));
        machine.dkms("reconcile");
        assert_eq!(installed(&machine, "plain"), format!("{}, headers 2\n", says("plain", &next)));
        assert!(machine.sandbox.status().iter().all(|line| line.starts_with("plain/2.0")));
        take(&machine, "plain", next);
    }
}

#[test]
fn a_version_that_serves_where_its_successor_fails_is_installed_for_status_and_named_by_check() {
    let mut machine = machine(Manager::Rpm);
    let other = "6.2.0-1";
    for files in [Files::Image(other), Files::Headers(other, 1)] {
        machine.change(&files);
    }
    machine.kernels.insert(other, Kernel { image: true, headers: Some(1) });
    let next = Package { version: "2.0", fails: Fails::On(KERNEL), ..FIRST };
    put(&machine, "made", FIRST);
    machine.sandbox.ok("reconcile");
    put(&machine, "made", next);
    take(&machine, "made", FIRST);
    for words in ["rpm-trigger transfiletriggerpostun 0", "kernel-install add 6.2.0-1 /boot/x", "start"] {
        event(&machine, words, &[]);
        let status = [format!("made/1.0, {KERNEL}, ARCH: installed"), format!("made/2.0, {other}, ARCH: installed")];
        assert_eq!(machine.sandbox.status(), status, "{words}");
    }
    let check = machine.sandbox.dkms("check");
    assert_eq!((check.code, check.out.as_str()), (2, ""), "{check:#?}");
    assert_eq!(check.err.matches("made/1.0 serves there").count(), 1, "{check:#?}");
    assert!(!check.err.contains("broken"), "{check:#?}");
    let again = machine.sandbox.dkms("reconcile");
    assert_eq!(again.code, 11);
    assert!(again.err.contains("1 module could not be installed"), "{again:#?}");
}
