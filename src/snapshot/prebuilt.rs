//! Finished modules of packages, and whether they serve: in their place nothing is to be compiled.

use super::View;
use crate::ids::ModuleName;
use crate::kernel::Kernel;
use crate::kernel::prebuilt::{self, Prebuilt};
use crate::trust::firmware::Firmware;
use crate::trust::verdict::{Answer, Manner, answer};
use crate::trust::{asks_of, seen_by, signatures};

/// What a package brought of a module for a kernel, where the settings let it serve, and why the kernel would not load it, if it
/// would not.
pub(crate) fn serving(view: &View<'_>, kernel: &Kernel, name: &ModuleName) -> Option<(Prebuilt, Option<String>)> {
    if !view.framework.prebuilt {
        return None;
    }
    let found = prebuilt::find(&kernel.folder, &kernel.target, name)?;
    let refused = refused(view, kernel, &found);
    Some((found, refused))
}

/// The same, where the kernel would load it.
pub(super) fn that_serves(view: &View<'_>, kernel: &Kernel, name: &ModuleName) -> Option<Prebuilt> {
    serving(view, kernel, name).and_then(|(found, refused)| refused.is_none().then_some(found))
}

/// Only a kernel that takes nothing else is asked whom it trusts.
fn refused(view: &View<'_>, kernel: &Kernel, found: &Prebuilt) -> Option<String> {
    let asks = asks_of(view.system, kernel).filter(|asks| matches!(asks.manner, Manner::Enforces(_)))?;
    let firmware = seen_by(view.system, &Firmware::read(view.system), &kernel.target.kernel, asks);
    found.files.iter().find_map(|file| match answer(asks, &signatures(file, &[], &firmware).ok()?) {
        Answer::Refused(why) => Some(why),
        _ => None,
    })
}
