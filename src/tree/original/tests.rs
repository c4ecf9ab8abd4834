use super::*;
use crate::tree::tests::{Sandbox, id, target};

const STORE: &str = "a/original_module/6.1/x86_64";

fn kernel_file(s: &Sandbox, inside: &str, text: &str) -> PathBuf {
    let file = s.path("lib/modules/6.1").join(inside);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

fn stored(s: &Sandbox, name: &str) -> Option<String> {
    fs::read_to_string(s.path("var/lib/dkms").join(STORE).join(name)).ok()
}

fn restore_all(s: &Sandbox, fallback: Option<&str>) -> Vec<PathBuf> {
    let folder = |_: &str| fallback.map(|inside| s.path("lib/modules/6.1").join(inside));
    let (lock, name) = (s.lock(), id("a", "1").name);
    let places = lock.writer().restore_originals(&name, &target("6.1"), &folder).unwrap();
    lock.writer().drop_restored(&name, &target("6.1"), &places.iter().cloned().collect()).unwrap();
    places
}

#[test]
fn an_original_goes_into_the_store_with_its_place_and_comes_back() {
    use std::os::unix::fs::PermissionsExt;
    let s = Sandbox::new();
    let place = kernel_file(&s, "kernel/net/a.ko.xz", "original");
    fs::set_permissions(&place, std::fs::Permissions::from_mode(0o600)).unwrap();
    let modified = fs::metadata(&place).unwrap().modified().unwrap();
    s.lock().writer().save_original(&id("a", "1").name, &target("6.1"), &place).unwrap();
    assert!(!place.exists());
    assert_eq!(stored(&s, "a.ko.xz").as_deref(), Some("original"));
    assert_eq!(stored(&s, "a.ko.xz.origin").as_deref(), Some("/lib/modules/6.1/kernel/net/a.ko.xz\n"));
    fs::remove_dir_all(s.path("lib/modules/6.1/kernel")).unwrap();

    assert_eq!(restore_all(&s, None), std::slice::from_ref(&place));
    let meta = fs::metadata(&place).unwrap();
    assert_eq!((meta.permissions().mode() & 0o777, meta.modified().unwrap()), (0o600, modified));
    assert!(!s.path("var/lib/dkms/a/original_module").exists(), "the store is pruned");
}

#[test]
fn a_file_without_a_note_goes_where_the_module_would_be_installed() {
    let s = Sandbox::new();
    s.file(&format!("{STORE}/a.ko"), "original");
    assert_eq!(restore_all(&s, None), Vec::<PathBuf>::new());
    assert_eq!(stored(&s, "a.ko").as_deref(), Some("original"), "nobody knows where to");
    assert_eq!(restore_all(&s, Some("kernel/net")), [s.path("lib/modules/6.1/kernel/net/a.ko")]);
    assert_eq!(stored(&s, "a.ko"), None);
}

#[test]
fn notes_that_lead_elsewhere_are_not_believed() {
    for text in [
        "/etc/passwd\n",
        "/lib/modules/6.1/../../../etc/a.ko\n",
        "/lib/modules/6.2/extra/a.ko\n",
        "extra/a.ko\n",
        "/lib/modules/6.1/a.txt\n",
        "\n",
        "",
    ] {
        let s = Sandbox::new();
        s.file(&format!("{STORE}/a.ko"), "original");
        s.file(&format!("{STORE}/a.ko.origin"), text);
        assert_eq!(restore_all(&s, Some("extra")), [s.path("lib/modules/6.1/extra/a.ko")], "{text:?}");
        assert!(!s.path("etc").exists() && !s.path("var/lib/dkms/a/original_module").exists());
    }
}

#[test]
fn collisions_of_old_releases_stay_for_reference() {
    let s = Sandbox::new();
    s.file(&format!("{STORE}/a.ko"), "original");
    s.file(&format!("{STORE}/collisions/kernel/a.ko"), "further");
    s.file(&format!("{STORE}/gone.ko.origin"), "/lib/modules/6.1/extra/gone.ko");
    assert_eq!(restore_all(&s, Some("extra")).len(), 1);
    assert_eq!(stored(&s, "collisions/kernel/a.ko").as_deref(), Some("further"));
    assert_eq!(stored(&s, "gone.ko.origin"), None, "a note of nothing goes");
    let lock = s.lock();
    lock.writer().drop_originals(&id("a", "1").name, &target("6.1")).unwrap();
    assert!(!s.path("var/lib/dkms/a/original_module").exists());
}

#[test]
fn a_kept_original_is_never_overwritten() {
    let s = Sandbox::new();
    let lock = s.lock();
    let save = |place: &Path| lock.writer().save_original(&id("a", "1").name, &target("6.1"), place).unwrap();
    for (inside, text) in
        [("extra/a.ko", "first"), ("extra/a.ko", "first"), ("updates/a.ko", "second"), ("updates/a.ko", "third")]
    {
        save(&kernel_file(&s, inside, text));
    }
    assert_eq!(stored(&s, "a.ko").as_deref(), Some("first"));
    assert_eq!(stored(&s, "a.ko.origin").as_deref(), Some("/lib/modules/6.1/extra/a.ko\n"));
    assert_eq!(stored(&s, "collisions/a.ko").as_deref(), Some("second"));
    assert_eq!(stored(&s, "collisions/a.ko.2").as_deref(), Some("third"));
}

#[test]
fn a_symlink_is_saved_and_restored_as_a_symlink() {
    let s = Sandbox::new();
    let lock = s.lock();
    let place = s.path("lib/modules/6.1/extra/a.ko");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/opt/vendor/a.ko", &place).unwrap();
    let name = id("a", "1").name;
    lock.writer().save_original(&name, &target("6.1"), &place).unwrap();
    assert!(!place.is_symlink());
    kernel_file(&s, "extra/a.ko", "ours");
    lock.writer().restore_originals(&name, &target("6.1"), &|_| None).unwrap();
    assert_eq!(fs::read_link(&place).unwrap(), Path::new("/opt/vendor/a.ko"));
}
