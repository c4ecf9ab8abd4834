//! What the steps of one run share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::build::toolchain::Toolchain;
use crate::kernel::KernelConfig;
use crate::snapshot::inputs;
use crate::sys::System;

/// Read once. Should headers or compilers change while a run builds, the next run sees that its builds were made from others.
#[derive(Debug, Default)]
pub struct Memo {
    /// Of what builds are made from.
    pub(super) inputs: inputs::Memo,
    toolchains: Mutex<BTreeMap<PathBuf, Toolchain>>,
}

impl Memo {
    /// [`Toolchain::detect`], which may have to ask make. Whoever waits for another one's answer needs the same.
    pub(super) fn toolchain(&self, system: &System, config: &KernelConfig, headers: &Path) -> Toolchain {
        let mut known = self.toolchains.lock().unwrap_or_else(PoisonError::into_inner);
        let detect = || Toolchain::detect(system, config, headers);
        known.entry(headers.to_path_buf()).or_insert_with(detect).clone()
    }
}
