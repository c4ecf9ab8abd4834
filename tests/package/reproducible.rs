//! The same input gives the same bytes.

use std::os::unix::fs::PermissionsExt;

use super::{DEB, RPM, Workshop};

#[test]
fn place_language_and_time_zone_leave_no_trace() {
    let workshop = Workshop::new();
    for (verb, name) in [("mkdeb", DEB), ("mkrpm", RPM)] {
        let first = std::fs::read(workshop.package(verb, &[], name)).unwrap();
        let other = workshop.path("other");
        std::fs::create_dir_all(&other).unwrap();
        let environment = [("TZ", "Asia/Tokyo"), ("LC_ALL", "de_DE.UTF-8"), ("HOME", "/nonexistent")];
        let made = workshop.dkms_in(&other, &[verb, "../demo-v1.2.tar.gz"], &environment);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        assert!(first == std::fs::read(other.join(name)).unwrap(), "{verb}");
    }
}

#[test]
fn a_checkout_with_other_times_and_modes_is_the_same_for_one_date() {
    let workshop = Workshop::new();
    let date = [("SOURCE_DATE_EPOCH", "1600000000")];
    let make = |out: &str| {
        let made = workshop.dkms_in(&workshop.path("demo-v1.2"), &["mkrpm", ".", "--output", out], &date);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::read(workshop.path("demo-v1.2").join(out)).unwrap()
    };
    let first = make("../1.rpm");
    let source = workshop.path("demo-v1.2/demo.c");
    std::fs::set_permissions(&source, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = std::fs::File::options().append(true).open(source).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(first == make("../2.rpm"));
}

#[test]
fn another_user_with_another_umask_makes_the_same_bytes() {
    let workshop = Workshop::new();
    let other = workshop.path("other");
    std::fs::create_dir_all(&other).unwrap();
    // Only root can become somebody else; the umask is everybody's.
    let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    std::fs::set_permissions(workshop.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o777)).unwrap();
    // The program itself may lie where only its owner may look.
    let program = workshop.path("dkms");
    std::fs::copy(env!("CARGO_BIN_EXE_dkms"), &program).unwrap();
    for (verb, name) in [("mkdeb", DEB), ("mkrpm", RPM)] {
        let first = std::fs::read(workshop.package(verb, &[], name)).unwrap();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(&program).arg(verb);
        shell.args(["../demo-v1.2.tar.gz", "--output", name]).current_dir(&other).env_clear();
        shell.env("PATH", std::env::var_os("PATH").unwrap());
        if root {
            std::os::unix::process::CommandExt::uid(&mut shell, 65534);
        }
        let made = shell.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        assert!(first == std::fs::read(other.join(name)).unwrap(), "{verb}");
    }
}
