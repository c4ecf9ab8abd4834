//! How a transaction is stopped, and the three ways on, in the words of each package manager.

use crate::error::Error;
use crate::event::planned::{Manager, Planned, brings_headers};
use crate::exit::Kind;

use super::verdict::{Told, Verdict};

/// `told`: which module would not be there, and why.
pub(super) fn error(manager: Manager, planned: &Planned, verdict: &Verdict, told: &Told) -> Error {
    let stopped = Error::new(Kind::PreflightStops, format!("stopped before anything was unpacked: {}", told.text));
    let stopped = told.hints.iter().fold(stopped, Error::hint);
    stopped
        .hint(format!("leave that kernel out: {}", leave_out(manager, planned)))
        .hint(format!("or install a version of {} that builds for it, in the same go", verdict.module.name))
        .hint(format!("or go on once, without that module: {}", go_on(manager)))
}

/// apt-mark(8), dnf(8), zypper(8), pacman(8)
fn leave_out(manager: Manager, planned: &Planned) -> String {
    let is_kernel = |name: &str| brings_headers(name) || name.starts_with("linux-image");
    let mut names: Vec<&str> =
        planned.coming.iter().map(|coming| coming.name.as_str()).filter(|n| is_kernel(n)).collect();
    // Those that bring a kernel in by its series are enough; the others follow.
    let is_general = |name: &&str| !name.split('-').any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    if names.iter().any(is_general) {
        names.retain(is_general);
    }
    names.sort_unstable();
    names.dedup();
    let names = names.join(" ");
    match manager {
        Manager::Apt => format!("`apt-mark hold {names}`"),
        Manager::Dnf | Manager::Dnf5 => "`dnf upgrade --exclude='kernel*'`".to_owned(),
        Manager::Zypper => "`zypper addlock 'kernel*'`".to_owned(),
        Manager::Pacman => "`pacman -Syu --ignore linux,linux-headers`".to_owned(),
    }
}

fn go_on(manager: Manager) -> &'static str {
    match manager {
        Manager::Apt => "`DKMS_PREFLIGHT=off apt-get …`",
        Manager::Dnf | Manager::Dnf5 => "`DKMS_PREFLIGHT=off dnf …`",
        Manager::Zypper => "`DKMS_PREFLIGHT=off zypper …`",
        Manager::Pacman => "`DKMS_PREFLIGHT=off pacman …`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::planned::apt;

    #[test]
    fn a_kernel_is_held_by_the_package_that_brings_its_series() {
        let told = |names: &[&str]| {
            let step = |name: &&str| format!("{name} - - none < 1 amd64 none /a.deb");
            let lines: Vec<String> =
                ["VERSION 3".to_owned(), String::new()].into_iter().chain(names.iter().map(step)).collect();
            leave_out(Manager::Apt, &apt(&lines))
        };
        assert_eq!(
            told(&["linux-headers-6.1.0-51-amd64", "linux-headers-amd64", "linux-image-amd64", "vim"]),
            "`apt-mark hold linux-headers-amd64 linux-image-amd64`"
        );
        assert_eq!(told(&["linux-headers-6.1.0-51-amd64"]), "`apt-mark hold linux-headers-6.1.0-51-amd64`");
    }
}
