//! A folder that claims to be a git checkout, whose index is the input. The checksum is set right, or nothing would get past it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sha1::Digest;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    fs_err::create_dir(folder.path().join(".git")).expect("a repository");
    let index = [bytes, &sha1::Sha1::digest(bytes)[..]].concat();
    fs_err::write(folder.path().join(".git/index"), index).expect("the input written");
    dkms::fuzz::index(folder.path());
});
