//! Kernels of a root, read once and never written: which there are, their headers, their configuration.

pub mod config;
pub mod headers;
pub mod installed;
pub mod modinfo;
pub mod suffix;

use std::path::PathBuf;

pub use config::KernelConfig;
pub use headers::Headers;
pub use suffix::Suffix;

use crate::ids::Target;

/// One kernel of the root.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Release and architecture.
    pub target: Target,
    /// `INSTALLTREE/KVER` (with the root in front).
    pub folder: PathBuf,
    /// Whether that folder exists.
    pub present: bool,
    /// Its headers, or where they were looked for.
    pub headers: Headers,
}
