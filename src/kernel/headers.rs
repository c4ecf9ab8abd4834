//! Kernel headers: where a module is built against.

use std::path::PathBuf;

/// The headers of one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Headers {
    /// `DIR/include` exists below this folder.
    Present {
        /// INSTALLTREE/KVER/build or `--kernelsourcedir`.
        folder: PathBuf,
    },
    /// It does not.
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
    },
}
