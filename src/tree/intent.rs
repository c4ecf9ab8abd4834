//! Notes of installs and uninstalls under way. One that outlives its process tells the next run what to complete.

use std::io;

use serde::{Deserialize, Serialize};

use crate::ids::{ModuleId, Target};

use super::Layout;

/// What was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Files of a finished build were being put under the kernel.
    Install,
    /// They were being taken out.
    Uninstall,
}

/// An install or uninstall of one module on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which of the two.
    pub doing: Doing,
    /// The module.
    pub id: ModuleId,
    /// The kernel.
    pub target: Target,
}

/// Every note that a dead run left, oldest first; unreadable ones are skipped.
pub fn left_over(_layout: &Layout) -> io::Result<Vec<Intent>> {
    todo!()
}
