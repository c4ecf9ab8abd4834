//! What the steps of one run share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::action::compile::toolchain::Toolchain;
use crate::ids::Arch;
use crate::kernel::KernelConfig;
use crate::snapshot::inputs;
use crate::sys::System;
use crate::sys::side_by_side::locked;

/// Read once. Should headers or compilers change while a run builds, the next run sees that its builds were made from others.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// Of what builds are made from.
    pub(super) inputs: inputs::Memo,
    toolchains: Mutex<BTreeMap<PathBuf, Toolchain>>,
    /// What was said already.
    said: Mutex<BTreeSet<String>>,
}

impl Memo {
    /// Whether this is said for the first time in this run.
    pub(super) fn is_news(&self, line: &str) -> bool {
        locked(&self.said).insert(line.to_owned())
    }

    /// [`Toolchain::detect`], which may have to ask make. Whoever waits for another one's answer needs the same.
    pub(super) fn toolchain(&self, system: &System, config: &KernelConfig, headers: &Path, arch: &Arch) -> Toolchain {
        let mut known = locked(&self.toolchains);
        let detect = || Toolchain::detect(system, config, headers, arch);
        known.entry(headers.to_path_buf()).or_insert_with(detect).clone()
    }
}
