//! Whether a kernel takes signed modules only: by its configuration, its command line, or because the firmware's Secure
//! Boot locks it down (security/lockdown/, certs of Linux; kernel_lockdown(7)).

use super::KernelConfig;
use crate::ids::{KernelRelease, Target};
use crate::sys::{System, chroot};

/// What the running system says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Running {
    release: Option<KernelRelease>,
    /// /sys/module/module/parameters/sig_enforce
    sig_enforce: String,
    /// /sys/kernel/security/lockdown
    lockdown: String,
    secure_boot: bool,
}

/// Why this kernel refuses modules without a signature; None when it loads them, as far as can be seen from here.
pub(crate) fn reason(system: &System, target: &Target, config: &KernelConfig) -> Option<&'static str> {
    let is_checked = config.is_enabled("CONFIG_MODULE_SIG") || config.takes_signatures();
    let asks_system = is_checked && chroot::certain(system).is_none();
    let running = if asks_system { Running::now(system) } else { Running::default() };
    of(&running, &target.kernel, config)
}

impl Running {
    fn now(system: &System) -> Self {
        let text = |file: &str| fs_err::read_to_string(system.path(file)).unwrap_or_default();
        Self {
            release: system.running_kernel().cloned(),
            sig_enforce: text("/sys/module/module/parameters/sig_enforce"),
            lockdown: text("/sys/kernel/security/lockdown"),
            secure_boot: system.is_secure_boot(),
        }
    }
}

fn of(running: &Running, kernel: &KernelRelease, config: &KernelConfig) -> Option<&'static str> {
    if config.is_enabled("CONFIG_MODULE_SIG_FORCE") {
        return Some("it was configured so (CONFIG_MODULE_SIG_FORCE)");
    }
    if running.secure_boot && config.is_enabled("CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT") {
        return Some("Secure Boot is on");
    }
    // Another kernel of this flavour is started by the same boot loader with the same words.
    let running_is_like_it = running.release.as_ref().is_some_and(|release| flavour(release) == flavour(kernel));
    if !running_is_like_it {
        return None;
    }
    if running.sig_enforce.trim() == "Y" {
        return Some("module.sig_enforce is on");
    }
    let is_locked = ["[integrity]", "[confidentiality]"].iter().any(|level| running.lockdown.contains(level));
    is_locked.then_some("the kernel is locked down")
}

/// `cloud-amd64` of `6.1.0-50-cloud-amd64`: what follows the numbers.
fn flavour(release: &KernelRelease) -> String {
    let words = release.as_str().split('-');
    words.skip_while(|word| word.starts_with(|c: char| c.is_ascii_digit())).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_enforces_signatures_by_configuration_command_line_lockdown_or_secure_boot() {
        let release = |word: &str| KernelRelease::new(word).unwrap();
        let debian = "CONFIG_MODULE_SIG=y\nCONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y\n";
        for (kernel, config, sig_enforce, lockdown, secure_boot, expected) in [
            ("6.1.0-2-amd64", debian, "N\n", "[none] integrity confidentiality\n", false, None),
            ("6.1.0-2-amd64", debian, "Y\n", "", false, Some("sig_enforce")),
            ("6.1.0-1-amd64", debian, "N\n", "none [integrity] confidentiality\n", false, Some("locked down")),
            ("6.1.0-2-cloud-amd64", debian, "Y\n", "none [integrity] confidentiality\n", false, None),
            ("6.1.0-2-cloud-amd64", debian, "N\n", "", true, Some("Secure Boot")),
            ("6.1.0-2-amd64", "CONFIG_MODULE_SIG=y\n", "N\n", "", true, None),
            ("7.0", "CONFIG_MODULE_SIG_FORCE=y\n", "", "", false, Some("SIG_FORCE")),
        ] {
            let (sig_enforce, lockdown) = (sig_enforce.to_owned(), lockdown.to_owned());
            let running = Running { release: Some(release("6.1.0-1-amd64")), sig_enforce, lockdown, secure_boot };
            let found = of(&running, &release(kernel), &KernelConfig::parse(config));
            assert_eq!(found.is_some(), expected.is_some(), "{kernel} {config}: {found:?}");
            assert!(expected.is_none_or(|word| found.unwrap_or_default().contains(word)), "{found:?}");
        }
    }
}
