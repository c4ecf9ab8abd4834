//! dkms.conf as packaging reads it: evaluated as far as that goes without commands. Nothing is ever started, whatever stands in it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = tempfile::NamedTempFile::new_in("/dev/shm").expect("a file in memory");
    fs_err::write(file.path(), bytes).expect("the input written");
    let text = String::from_utf8_lossy(bytes);
    dkms::fuzz::conf(file.path(), &text);
    assert_eq!(children(), 0, "something was started");
});

/// Memory of the largest child that has ended: none, if there was none.
fn children() -> i64 {
    // SAFETY: a plain struct of numbers, which the call fills.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage.ru_maxrss
    }
}
