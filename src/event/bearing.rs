//! How each package manager takes it when one of its scripts fails: what an event may end with, whatever the settings say.

use super::{Call, Event};

/// What a failure of the script does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearing {
    /// Harm: something stays that should go, other packages stop or lose their turn, or nobody listens. Always 0.
    Never,
    /// The package is left to be configured again, or the package manager prints a warning and goes on.
    Tells,
    /// The kernel's package is left to be configured again, without initramfs and boot entry, so that the machine goes on
    /// to boot another one.
    HoldsKernel,
}

/// How the manager of this call takes a failure. Whatever leaves must be able to leave: an rpm whose %preun fails keeps both
/// versions in the database, a dpkg whose prerm fails keeps the package, a kernel-install that fails to remove skips the
/// plugins that follow.
pub(crate) fn bearing(call: &Call, event: &Event) -> Bearing {
    let word = |at: usize| call.words.get(at).map_or("", String::as_str);
    match event {
        Event::KernelArrived { .. } => match (word(0), word(1)) {
            ("kernel", "postinst") | ("kernel-install", "add") => Bearing::HoldsKernel,
            // Its kernel boots or not whether its headers are configured or not.
            ("kernel", "header_postinst") => Bearing::Tells,
            _ => Bearing::Never,
        },
        Event::ModuleArrived { .. } => match (word(0), word(4)) {
            ("common-postinst", _) | ("dpkg", "configure") | ("rpm", _) => Bearing::Tells,
            // dpkg is on its way back from something that failed.
            _ => Bearing::Never,
        },
        Event::DiskChanged { .. } => match (word(0), word(1)) {
            ("rpm-trigger", "transfiletriggerin" | "transfiletriggerpostun") | ("pacman", "post") => Bearing::Tells,
            // Our own package would stay unconfigured, and every module package that depends on it.
            _ => Bearing::Never,
        },
        // The service at boot has an exit code of its own.
        Event::Start | Event::Autoinstall { .. } => Bearing::Never,
        Event::KernelLeaves { .. }
        | Event::ModuleLeaves { .. }
        | Event::ModuleIsReplaced { .. }
        | Event::SourcesMayLeave { .. }
        | Event::SourcesLeaveWithOurs { .. }
        | Event::OursLeaves { .. }
        | Event::Nothing { .. } => Bearing::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn each_call_of_each_manager_may_fail_only_where_that_does_no_harm() {
        use Bearing::{HoldsKernel, Never, Tells};
        for (line, expected) in [
            ("kernel postinst 6.1 /boot/vmlinuz-6.1", HoldsKernel),
            ("kernel header_postinst 6.1", Tells),
            ("kernel preinst 6.1 /boot/vmlinuz-6.1", Never),
            ("kernel prerm 6.1 /boot/vmlinuz-6.1", Never),
            ("kernel postrm 6.1 /boot/vmlinuz-6.1", Never),
            ("kernel-install add 6.5 /efi/x /lib/modules/6.5/vmlinuz", HoldsKernel),
            ("kernel-install remove 6.5 /efi/x", Never),
            ("kernel-install inspect", Never),
            ("dpkg postinst foo 1.0 configure", Tells),
            ("dpkg postinst foo 1.0 configure 0.9-1", Tells),
            ("dpkg postinst foo 1.0 abort-upgrade 1.1-1", Never),
            ("dpkg postinst foo 1.0 abort-remove", Never),
            ("dpkg postinst foo 1.0 triggered /usr/src", Never),
            ("dpkg prerm foo 1.0 upgrade 1.1-1", Never),
            ("dpkg prerm foo 1.0 failed-upgrade 1.1-1", Never),
            ("dpkg prerm foo 1.0 remove", Never),
            ("common-postinst foo 1.0 /usr/share/foo-dkms x 0.9", Tells),
            ("dpkg-self postinst configure", Never),
            ("dpkg-self postinst triggered /usr/src", Never),
            ("dpkg-self prerm remove", Never),
            ("rpm posttrans foo 1.0 1", Tells),
            ("rpm post foo 1.0 2", Never),
            ("rpm preun foo 1.0 0", Never),
            ("rpm preun foo 1.0 1", Never),
            ("rpm-self preun 0", Never),
            ("rpm-trigger transfiletriggerin 0 < /usr/src/blink-1.0/dkms.conf", Tells),
            ("rpm-trigger transfiletriggerun 0 < /usr/src/blink-1.0/dkms.conf", Never),
            ("rpm-trigger transfiletriggerpostun 0", Tells),
            ("pacman post < usr/src/blink-1.0/dkms.conf", Tells),
            ("pacman pre < usr/src/blink-1.0/dkms.conf", Never),
            ("autoinstaller start 6.1", Never),
            ("autoinstaller stop", Never),
        ] {
            let call = super::super::tests::call(line);
            let event = parse(&call).expect("an event");
            assert_eq!(bearing(&call, &event), expected, "{line}");
        }
    }
}
