//! What the fuzz targets in tests/fuzz call: each reader of foreign bytes, with what must hold whatever it is given.
//! Compiled for cargo-fuzz only (`--cfg fuzzing`).

use std::collections::BTreeMap;
use std::path::Path;

use crate::archive::limits::Limits;
use crate::archive::unpack;
use crate::conf::{self, Context, Framework};
use crate::package::input::{checkout, payload};
use crate::package::kbuild;
use crate::package::module::{declared, identity};
use crate::sys::System;

const LIMITS: Limits =
    Limits { size: 1 << 20, entries: 200, names: 1 << 16, ratio: 200, harmless: 1 << 20, depth: 16, path: 512 };

/// Unpacks an archive into an empty folder, and walks what came out as a source.
pub fn archive(archive: &Path, into: &Path) {
    if let Ok(unpacked) = unpack::unpack(archive, into, &LIMITS) {
        assert!(unpacked.bytes <= LIMITS.size && unpacked.entries <= LIMITS.entries);
        // What was unpacked can be refused here for its names alone.
        drop(payload::walk(into, &LIMITS, None));
    }
}

/// Reads a dkms.conf as packaging and as listing read it.
pub fn conf(file: &Path, text: &str) {
    let system = System::host().with_environment(BTreeMap::new());
    let framework = Framework::defaults(&system);
    if let Ok((declared, _)) = declared::read(&system, &framework, file, text) {
        let hints = identity::Hints { stem: "demo-1.0", ..identity::Hints::default() };
        if let Ok(settled) = identity::settle(text, &declared, &hints) {
            let folder = format!("{}-{}", settled.id.name, settled.id.version);
            assert!(Path::new("/usr/src").join(folder).components().count() == 4);
        }
    }
    drop(conf::load_lenient(&system, &framework, file, &Context::without_kernel(1, &[])));
}

/// Reads the index of a folder that claims to be a git checkout.
pub fn index(folder: &Path) {
    drop(checkout::tracked(folder));
}

/// Reads makefiles, by their paths.
pub fn kbuild(files: &BTreeMap<String, String>) {
    for module in &kbuild::read(files).modules {
        assert!(!module.name.is_empty() && !module.name.contains(['/', '\n']), "{module:?}");
    }
}
