//! Finished modules of packages, and whether they serve: in their place nothing is to be compiled.

use super::View;
use crate::ids::{ModuleName, Target};
use crate::kernel::prebuilt::{self, Prebuilt};
use crate::kernel::{Kernel, KernelConfig};
use crate::trust::firmware::Firmware;
use crate::trust::verdict::{Answer, Manner, answer};
use crate::trust::{asks, signatures};

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

/// Only a kernel that takes nothing else is asked whom it trusts.
fn refused(view: &View<'_>, kernel: &Kernel, found: &Prebuilt) -> Option<String> {
    let (system, target): (_, &Target) = (view.system, &kernel.target);
    // A host that compiles nothing may have no headers.
    let of_image = || KernelConfig::read(&system.path(format!("/boot/config-{}", target.kernel))).ok();
    let config = kernel.config(None).ok().flatten().or_else(of_image).unwrap_or_default();
    let asks = asks(system, target, &config);
    if !matches!(asks.manner, Manner::Enforces(_)) {
        return None;
    }
    let firmware = Firmware::read(system).seen_by(asks.heeds_forbidden_certificates);
    let is_running = system.running_kernel() == Some(&target.kernel);
    let firmware = if is_running { firmware } else { firmware.of_another_kernel() };
    found.files.iter().find_map(|file| match answer(asks, &signatures(file, &[], &firmware).ok()?) {
        Answer::Refused(why) => Some(why),
        _ => None,
    })
}
