//! Which kernels' initramfs an event has to renew itself, and which a trigger or hook behind it renews.

use crate::error::Result;
use crate::event::{Event, PackageManager, Rest};
use crate::request::{Request, Wish};
use crate::step::{InitramfsCare, Policy};
use crate::sys::System;

use crate::engine::app::App;
use crate::engine::initramfs as noted;

use super::taking::target;

/// What becomes of the initramfs of kernels whose modules the event changes.
pub(super) fn care(app: &App, rest: Rest, event: &Event) -> Result<InitramfsCare> {
    let is_mkinitcpio = || app.system.path("/usr/share/libalpm/hooks/90-mkinitcpio-install.hook").is_file();
    Ok(match rest {
        _ if !app.system.is_live() => InitramfsCare::Leave,
        Rest::Unconcerned => InitramfsCare::Leave,
        Rest::KernelHooks => match event {
            Event::KernelArrived { kernel } | Event::KernelLeaves { kernel } => {
                InitramfsCare::Others(target(app, kernel)?)
            }
            _ => InitramfsCare::Leave,
        },
        Rest::OurTrigger(manager) if has_our_trigger(&app.system, manager) => InitramfsCare::Note,
        Rest::MkinitcpioHook if is_mkinitcpio() => InitramfsCare::Leave,
        Rest::OurTrigger(_) | Rest::MkinitcpioHook | Rest::Nobody => InitramfsCare::Renew,
    })
}

/// Whether a trigger of ours is going to be called at the end of the transaction that this process is part of.
fn has_our_trigger(system: &System, manager: PackageManager) -> bool {
    match manager {
        // deb-triggers(5); the file is dpkg's own list of interests in paths.
        PackageManager::Dpkg | PackageManager::DpkgCommon => {
            let interests = fs_err::read_to_string(system.path("/var/lib/dpkg/triggers/File")).unwrap_or_default();
            system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_some()
                && interests.lines().any(|line| line.starts_with("/usr/src dkms-rs"))
        }
        // Lies in the package that has the file triggers.
        PackageManager::Rpm => system.path("/usr/lib/dkms/file-triggers").exists(),
    }
}

/// Has our own trigger called at the end of dpkg's run, also when that of the package's files has been called already. When
/// dpkg does not take it, what was left to it is done now.
pub(super) fn call_our_trigger(app: &App) -> Result<()> {
    let is_noted = noted::is_open(app, &InitramfsCare::Renew);
    if !is_noted || app.system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_none() {
        return Ok(());
    }
    let command = app.system.command(app.system.root(), "dpkg-trigger").args(["--no-await", "/usr/src"]);
    if app.system.run(&command).is_ok_and(|finished| finished.success()) {
        return Ok(());
    }
    let policy = Policy { initramfs: InitramfsCare::Renew, ..Policy::default() };
    app.do_it(&Request { wish: Wish::Nothing { why: "what is noted is seen to".into() }, policy }).map(|_| ())
}
