//! What is still to come in the transaction after this event, as far as a kernel's initramfs is concerned.

use super::{Call, Event, PackageManager};

/// Who sees to the initramfs of kernels whose modules this event changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The kernel's own hooks, which come after ours: it is made with the modules that are there by then, or it goes.
    KernelHooks,
    /// The trigger of our own package at the end of the transaction, if the package manager knows of one.
    OurTrigger(PackageManager),
    /// mkinitcpio's own hook of pacman, where mkinitcpio makes it: it comes after ours and is called for the same paths.
    MkinitcpioHook,
    Nobody,
    /// The event changes no module.
    Unconcerned,
}

/// Who sees to it after this event.
pub(crate) fn rest(call: &Call, event: &Event) -> Rest {
    let source = call.words.first().map_or("", String::as_str);
    match event {
        // Names before initramfs-tools, dracut and zz-update-grub; the number 40 before those of kernel-install's generators.
        Event::KernelArrived { .. } if call.words.get(1).is_some_and(|phase| phase == "header_postinst") => {
            Rest::OurTrigger(PackageManager::Dpkg)
        }
        Event::KernelArrived { .. } | Event::KernelLeaves { .. } => Rest::KernelHooks,
        Event::ModuleArrived { manager, .. } | Event::ModuleLeaves { manager, .. } => Rest::OurTrigger(*manager),
        Event::DiskChanged { .. } if source == "pacman" && call.input.iter().any(|path| calls_mkinitcpio(path)) => {
            Rest::MkinitcpioHook
        }
        Event::DiskChanged { .. }
        | Event::OursLeaves { .. }
        | Event::SourcesLeaveWithOurs { .. }
        | Event::Start
        | Event::Autoinstall { .. } => Rest::Nobody,
        Event::ModuleIsReplaced { .. } | Event::SourcesMayLeave { .. } | Event::Nothing { .. } => Rest::Unconcerned,
    }
}

/// Among the paths of 90-mkinitcpio-install.hook are dkms.conf and a kernel's image, which comes with modules.order.
fn calls_mkinitcpio(path: &str) -> bool {
    path.ends_with("/dkms.conf") || path.ends_with("/modules.order")
}

#[cfg(test)]
mod tests {
    use super::super::{parse, tests};
    use super::*;

    #[test]
    fn each_event_knows_who_sees_to_the_initramfs_after_it() {
        use Rest::{KernelHooks, MkinitcpioHook, Nobody, OurTrigger, Unconcerned};
        let (dpkg, common, rpm) = (PackageManager::Dpkg, PackageManager::DpkgCommon, PackageManager::Rpm);
        for (line, expected) in [
            ("kernel postinst 6.1 /boot/vmlinuz-6.1", KernelHooks),
            ("kernel header_postinst 6.1", OurTrigger(dpkg)),
            ("kernel prerm 6.1 /boot/vmlinuz-6.1", KernelHooks),
            ("kernel postrm 6.1", Nobody),
            ("kernel-install add 6.5 /efi/x /lib/modules/6.5/vmlinuz", KernelHooks),
            ("dpkg postinst foo 1.0 configure", OurTrigger(dpkg)),
            ("dpkg prerm foo 1.0 remove", OurTrigger(dpkg)),
            ("dpkg prerm foo 1.0 upgrade 1.1-1", Unconcerned),
            ("common-postinst foo 1.0", OurTrigger(common)),
            ("dpkg-self postinst triggered /usr/src", Nobody),
            ("dpkg-self postinst configure", Nobody),
            ("dpkg-self prerm remove", Nobody),
            ("rpm posttrans foo 1.0 1", OurTrigger(rpm)),
            ("rpm preun foo 1.0 0", OurTrigger(rpm)),
            ("rpm-trigger transfiletriggerin 0 < /usr/src/blink-1.0/dkms.conf", Nobody),
            ("rpm-trigger transfiletriggerpostun 0", Nobody),
            ("pacman post < usr/src/blink-1.0/dkms.conf", MkinitcpioHook),
            ("pacman post < usr/lib/modules/6.5/modules.order", MkinitcpioHook),
            ("pacman post < usr/lib/modules/6.5/build/include/", Nobody),
            ("pacman pre < usr/src/blink-1.0/dkms.conf", Unconcerned),
            ("start", Nobody),
            ("autoinstaller start", Nobody),
        ] {
            let call = tests::call(line);
            let event = parse(&call).expect("an event");
            assert_eq!(rest(&call, &event), expected, "{line}");
        }
    }
}
