//! dkms.conf as packaging reads it: evaluated as far as that goes without commands. Nothing is ever started, whatever stands in it.

#![no_main]

use std::path::Path;

use dkms::conf::{self, Context, Framework};
use dkms::package::{declared, identity};
use dkms::sys::System;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = tempfile::NamedTempFile::new_in("/dev/shm").expect("a file in memory");
    fs_err::write(file.path(), bytes).expect("the input written");
    let text = String::from_utf8_lossy(bytes);
    let system = System::host().with_environment(Default::default());
    let framework = Framework::defaults(&system);
    let read = declared::read(&system, &framework, file.path(), &text);
    if let Ok((declared, _)) = read {
        let hints = identity::Hints { stem: "demo-1.0", ..identity::Hints::default() };
        if let Ok(settled) = identity::settle(&text, &declared, &hints) {
            assert!(Path::new("/usr/src").join(format!("{}-{}", settled.id.name, settled.id.version)).components().count() == 4);
        }
    }
    let _ = conf::load_lenient(&system, &framework, file.path(), &Context::without_kernel(1, &[]));
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
