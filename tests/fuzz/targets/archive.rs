//! Archives of every kind are unpacked, and what came out is walked as a source: nothing may appear outside the folder, nothing in
//! it may lead out of it or be more than was allowed, and a refusal must not be a crash.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let (archive, into) = (folder.path().join("archive"), folder.path().join("into"));
    fs_err::write(&archive, bytes).expect("the input written");
    fs_err::create_dir(&into).expect("a folder to unpack into");
    dkms::fuzz::archive(&archive, &into);
    assert_eq!(fs_err::read_dir(folder.path()).expect("the folder").count(), 2, "something lies beside the folder");
    assert_eq!(fs_err::read(&archive).expect("the input read again"), bytes, "the archive was changed");
    stays_inside(&into, &into);
});

/// No set-uid bits, no devices, no link that leads out.
fn stays_inside(top: &Path, folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for entry in fs_err::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        let meta = fs_err::symlink_metadata(&path).expect("its kind");
        if meta.is_symlink() {
            if let Ok(target) = fs_err::canonicalize(&path) {
                assert!(target.starts_with(top), "{} leads to {}", path.display(), target.display());
            }
            continue;
        }
        assert!(meta.is_dir() || meta.is_file(), "{} is neither file nor folder", path.display());
        assert_eq!(meta.permissions().mode() & 0o7022, 0, "{}", path.display());
        if meta.is_dir() {
            stays_inside(top, &path);
        }
    }
}
