//! Hooks of kernel packages: the folders below /etc/kernel that run-parts(8) runs, kernel-install(8), and dkms_autoinstaller.

use crate::ids::KernelRelease;

use super::{Event, EventError, nothing, word};

/// `PHASE KVER [IMAGE]`: Debian's /etc/kernel/PHASE.d and /usr/share/kernel/PHASE.d. `maintainer` is what the image
/// package's own script was called with, where it says so.
pub(crate) fn run_parts(words: &[String], maintainer: Option<&str>) -> Result<Event, EventError> {
    let phase = word(words, 0, "kernel", "the hook folder's name")?;
    let kernel = KernelRelease::new(word(words, 1, &format!("kernel {phase}"), "a kernel release")?)?;
    match phase {
        "postinst" | "header_postinst" => Ok(Event::KernelArrived { kernel }),
        "prerm" => Ok(Event::KernelLeaves { kernel }),
        // What is installed stays until postinst has something better.
        "preinst" => {
            Ok(nothing(format!("kernel {kernel} is about to be unpacked; its modules stay until it is there")))
        }
        // The old package's script in an upgrade or a reinstallation: the new files lie there already.
        "postrm" if maintainer.is_some_and(|words| !words.starts_with("remove") && !words.starts_with("purge")) => {
            Ok(nothing(format!("kernel {kernel} is replaced; its modules stay until it is there")))
        }
        "postrm" => Ok(Event::DiskChanged { why: format!("kernel {kernel} has gone") }),
        other => Err(EventError::Unknown(format!("kernel {other}"))),
    }
}

/// `add KVER ENTRY_DIR IMAGE …` or `remove KVER ENTRY_DIR`, as kernel-install(8) calls its plugins (239 to 262). Other
/// verbs ask nothing of us, and neither does anything while KERNEL_INSTALL_BYPASS is true, in systemd's words.
pub(crate) fn kernel_install(words: &[String], bypass: Option<&str>) -> Result<Event, EventError> {
    if bypass.is_some_and(|value| !matches!(value, "0" | "no" | "n" | "false" | "f" | "off")) {
        return Ok(nothing("KERNEL_INSTALL_BYPASS is set"));
    }
    let verb = word(words, 0, "kernel-install", "add or remove")?;
    if verb != "add" && verb != "remove" {
        return Ok(nothing(format!("kernel-install {verb} needs nothing from dkms")));
    }
    let kernel = KernelRelease::new(word(words, 1, &format!("kernel-install {verb}"), "a kernel release")?)?;
    Ok(if verb == "add" { Event::KernelArrived { kernel } } else { Event::KernelLeaves { kernel } })
}

/// `start [KVER]`: start-up services of older packages, and scripts that call dkms_autoinstaller. `stop` and the like need
/// nothing.
pub(crate) fn autoinstaller(words: &[String]) -> Result<Event, EventError> {
    match word(words, 0, "autoinstaller", "start")? {
        "start" => {
            let kernel = words
                .get(1)
                .filter(|word| !word.is_empty())
                .map(|word| KernelRelease::new(word.clone()))
                .transpose()?;
            Ok(Event::Autoinstall { kernel })
        }
        "stop" | "restart" | "force-reload" | "status" => Ok(nothing("modules stay as they are")),
        other => Err(EventError::Unknown(format!("autoinstaller {other}"))),
    }
}
