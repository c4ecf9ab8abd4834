//! Clears away what fsck found to be ours and of no use. Steps of its plan go the way of every plan.

use crate::action::install;
use crate::error::{Error, Result};
use crate::step::repair::Clearing;
use crate::tree::TreeLock;

/// Does one clearing.
///
/// # Errors
///
/// It cannot be removed, or is no longer what it was found to be.
pub(crate) fn clear(clearing: &Clearing, lock: &TreeLock) -> Result<()> {
    let writer = lock.writer();
    match clearing {
        Clearing::OfTree(path) => {
            writer.clear_away(path).map_err(|error| Error::io(format!("cannot remove {}", path.display()), error))
        }
        Clearing::ActiveLink(name, target) => writer
            .deactivate(name, target)
            .map_err(|error| Error::io(format!("cannot remove the link of {name} for {target}"), error)),
        Clearing::ListsOf(kernel) => {
            let folder = writer.layout().install_tree().join(kernel);
            install::remove_lists_of_gone(&folder)
                .map_err(|error| Error::io(format!("cannot remove what is left of kernel {kernel}"), error))
        }
    }
}
