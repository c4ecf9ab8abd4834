//! Maintainer scripts of Debian packages (Debian Policy, chapter 6: how they are called).

use std::path::PathBuf;

use super::{Event, EventError, PackageManager, module, nothing, word};

/// `SCRIPT NAME VERSION ACTION …`: what a generated package's maintainer script was called with.
pub fn maintainer_script(words: &[String]) -> Result<Event, EventError> {
    let script = word(words, 0, "dpkg", "the maintainer script's name")?;
    let event = format!("dpkg {script}");
    let id = module(words, 1, &event)?;
    let action = word(words, 3, &event, "the script's first argument")?;
    let manager = PackageManager::Dpkg;
    match (script, action) {
        ("postinst", "configure" | "abort-upgrade" | "abort-remove" | "abort-deconfigure") => {
            Ok(Event::ModuleArrived { id, manager, archives: None })
        }
        ("prerm", "upgrade" | "failed-upgrade") => Ok(Event::ModuleIsReplaced { id, manager }),
        ("prerm", "remove" | "deconfigure") => Ok(Event::ModuleLeaves { id, manager }),
        ("preinst" | "postinst" | "prerm" | "postrm", other) => {
            Ok(nothing(format!("{script} {other} needs nothing from dkms")))
        }
        _ => Err(EventError::Unknown(event)),
    }
}

/// `NAME VERSION [TARBALL_ROOT [ARCH [UPGRADE]]]`: what Debian's module packages call /usr/lib/dkms/common.postinst with.
pub fn common_postinst(words: &[String]) -> Result<Event, EventError> {
    let id = module(words, 0, "common-postinst")?;
    let archives = words.get(2).filter(|word| !word.is_empty()).map(PathBuf::from);
    Ok(Event::ModuleArrived { id, manager: PackageManager::DpkgCommon, archives })
}
