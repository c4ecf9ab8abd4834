//! What brings the headers of a kernel, in the words of each distribution: a package's name, or what its package manager
//! can be asked for.

use super::Kernel;
use crate::sys::os_release::OsRelease;

/// A kernel, as the rules of a distribution see it.
struct Known<'a> {
    /// `uname -r`.
    release: &'a str,
    /// The name of its package, where the kernel's own folder says it (Arch's `pkgbase`).
    base: Option<&'a str>,
}

type Rule = fn(&Known<'_>) -> String;

/// The rules, by the words of ID and ID_LIKE in os-release.
const FAMILIES: &[(&[&str], Rule)] = &[
    (&["debian", "ubuntu", "raspbian"], debian),
    (&["mageia"], mageia),
    (&["openmandriva"], openmandriva),
    (&["fedora", "rhel", "centos", "ol", "ovm", "amzn", "openeuler"], fedora),
    (&["suse", "opensuse", "sles", "sled", "sle_hpc", "sl-micro", "sle-micro"], suse),
    (&["manjaro"], manjaro),
    (&["arch", "archlinux", "archarm"], arch),
    (&["alpine"], alpine),
    (&["void"], void),
    (&["gentoo"], gentoo),
];

/// What is to be installed so that modules can be built for this kernel. ID decides before ID_LIKE.
pub(crate) fn of_headers(os: &OsRelease, kernel: &Kernel) -> String {
    let known = Known { release: kernel.target.kernel.as_str(), base: kernel.base.as_deref() };
    let words = std::iter::once(os.id.as_str()).chain(os.id_like.split_whitespace());
    let rule = words.filter_map(rule).next();
    rule.map_or_else(|| format!("the headers of kernel {}", known.release), |rule| rule(&known))
}

fn rule(word: &str) -> Option<Rule> {
    // opensuse-leap, opensuse-tumbleweed, opensuse-microos …
    let word = word.to_lowercase();
    let word = if word.starts_with("opensuse-") { "opensuse" } else { &word };
    FAMILIES.iter().find(|(words, _)| words.contains(&word)).map(|(_, rule)| *rule)
}

/// Named after the release (packages.debian.org, packages.ubuntu.com), but for Proxmox' kernels and the old ones of
/// Raspberry Pi OS (`6.1.21-v8+`).
fn debian(kernel: &Known<'_>) -> String {
    let release = kernel.release;
    if release.ends_with("-pve") {
        let vendor = if since(release, (6, 5)) { "proxmox" } else { "pve" };
        format!("{vendor}-headers-{release}")
    } else if release.ends_with('+') {
        "raspberrypi-kernel-headers".to_owned()
    } else {
        format!("linux-headers-{release}")
    }
}

/// A capability, which dnf takes as a name and which also finds the package of the flavour: `kernel-debug-devel`,
/// `kernel-64k-devel` and `kernel-rt-devel` provide `kernel-devel-uname-r = …+debug` and so on. Oracle's kernels and the
/// real-time ones of RHEL 8 have packages of their own (packages.fedoraproject.org: kernel; Oracle Linux:
/// `kernel-uek-devel-$(uname -r)`).
fn fedora(kernel: &Known<'_>) -> String {
    let release = kernel.release;
    let own = |name: &str| match release.strip_suffix("+debug").or_else(|| release.strip_suffix(".debug")) {
        Some(release) => format!("kernel-{name}-debug-devel-{release}"),
        None => format!("kernel-{name}-devel-{release}"),
    };
    let is_real_time =
        || release.split_once(".rt").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    if release.contains("uek") {
        own("uek")
    } else if is_real_time() {
        own("rt")
    } else {
        format!("kernel-devel-uname-r = {release}")
    }
}

/// `6.4.0-150600.23.7-default` → `kernel-default-devel` (README.SUSE of kernel-source: kernel-$FLAVOR-devel). The release
/// lacks the last number of the package's, so no version can be named.
fn suse(kernel: &Known<'_>) -> String {
    let word = kernel.release.rsplit('-').next().unwrap_or_default();
    let is_flavour = word.contains(|c: char| c.is_ascii_lowercase()) && !word.contains('.');
    format!("kernel-{}-devel", if is_flavour { word } else { "default" })
}

/// `6.6.28-desktop-1.mga9` → `kernel-desktop-devel-6.6.28-1.mga9`: the version is part of the name (Mageia's advisories list
/// them so).
fn mageia(kernel: &Known<'_>) -> String {
    match kernel.release.split('-').collect::<Vec<_>>()[..] {
        [version, flavour, release] => format!("kernel-{flavour}-devel-{version}-{release}"),
        _ => format!("kernel-devel-{}", kernel.release),
    }
}

/// `6.10.2-desktop-2omv2490` → `kernel-desktop-devel`.
fn openmandriva(kernel: &Known<'_>) -> String {
    match kernel.release.split('-').collect::<Vec<_>>()[..] {
        [_, flavour, _] => format!("kernel-{flavour}-devel"),
        _ => "kernel-desktop-devel".to_owned(),
    }
}

/// Beside the kernel lies the name of its package; without that, releases end in it: `6.6.1-arch1-1`,
/// `6.6.1-zen1-1-zen`, `6.6.10-1-lts` (wiki.archlinux.org, Kernel: officially supported kernels).
fn arch(kernel: &Known<'_>) -> String {
    if let Some(base) = kernel.base {
        return format!("{base}-headers");
    }
    match flavour(kernel.release) {
        Some(word) => format!("linux-{word}-headers"),
        None => "linux-headers".to_owned(),
    }
}

/// Packages named after the series: `6.6.34-1-MANJARO` → `linux66-headers`.
fn manjaro(kernel: &Known<'_>) -> String {
    match (kernel.base, series(kernel.release)) {
        (None, Some((major, minor))) => format!("linux{major}{minor}-headers"),
        _ => arch(kernel),
    }
}

/// `6.6.30-0-virt` → `linux-virt-dev` (pkgs.alpinelinux.org: linux-lts-dev, linux-virt-dev).
fn alpine(kernel: &Known<'_>) -> String {
    format!("linux-{}-dev", flavour(kernel.release).unwrap_or("lts"))
}

/// `6.6.31_1` → `linux6.6-headers` (repo-default.voidlinux.org: `linux6.6-headers-6.6.31_1.x86_64.xbps`).
fn void(kernel: &Known<'_>) -> String {
    match series(kernel.release) {
        Some((major, minor)) => format!("linux{major}.{minor}-headers"),
        None => "linux-headers".to_owned(),
    }
}

fn gentoo(kernel: &Known<'_>) -> String {
    format!("the prepared sources of kernel {} in /usr/src/linux", kernel.release)
}

/// The word behind the last dash, when it is one.
fn flavour(release: &str) -> Option<&str> {
    let word = release.rsplit('-').next()?;
    word.starts_with(|c: char| c.is_ascii_lowercase()).then_some(word)
}

/// The first two numbers of a release.
fn series(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn since(release: &str, first: (u32, u32)) -> bool {
    series(release).is_some_and(|series| series >= first)
}

/// What a kernel's `pkgbase` file says, if it is a package's name (alpm: letters, digits and `@._+-`).
pub(super) fn base(text: &str) -> Option<String> {
    let name = text.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    (!name.is_empty() && !name.starts_with(['-', '.']) && name.chars().all(is_plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, Target};

    fn kernel(release: &str, base: Option<&str>) -> Kernel {
        let target = Target::new(KernelRelease::new(release).unwrap(), Arch::new("x86_64").unwrap());
        let headers = crate::kernel::Headers::Missing { folder: "build".into(), dangling: None };
        Kernel {
            target,
            folder: "folder".into(),
            present: true,
            read_only: false,
            headers,
            base: base.map(str::to_owned),
        }
    }

    #[test]
    fn the_missing_package_is_named_as_the_distribution_names_it() {
        for (id, like, release, expected) in [
            ("debian", "", "6.1.0-50-amd64", "linux-headers-6.1.0-50-amd64"),
            ("debian", "", "6.12.38+deb13-cloud-amd64", "linux-headers-6.12.38+deb13-cloud-amd64"),
            ("linuxmint", "ubuntu debian", "6.8.0-31-generic", "linux-headers-6.8.0-31-generic"),
            ("kali", "debian", "6.8.11-amd64", "linux-headers-6.8.11-amd64"),
            ("debian", "", "6.8.4-2-pve", "proxmox-headers-6.8.4-2-pve"),
            ("debian", "", "5.15.158-1-pve", "pve-headers-5.15.158-1-pve"),
            ("raspbian", "debian", "6.1.21-v8+", "raspberrypi-kernel-headers"),
            ("debian", "", "6.6.31+rpt-rpi-v8", "linux-headers-6.6.31+rpt-rpi-v8"),
            ("fedora", "", "6.9.4-200.fc40.x86_64", "kernel-devel-uname-r = 6.9.4-200.fc40.x86_64"),
            ("fedora", "", "6.9.4-200.fc40.x86_64+debug", "kernel-devel-uname-r = 6.9.4-200.fc40.x86_64+debug"),
            ("rhel", "fedora", "5.14.0-427.el9.aarch64+64k", "kernel-devel-uname-r = 5.14.0-427.el9.aarch64+64k"),
            ("rhel", "fedora", "5.14.0-427.el9.x86_64+rt", "kernel-devel-uname-r = 5.14.0-427.el9.x86_64+rt"),
            (
                "fedora-asahi-remix",
                "fedora",
                "6.9.9-400.asahi.fc40.aarch64+16k",
                "kernel-devel-uname-r = 6.9.9-400.asahi.fc40.aarch64+16k",
            ),
            ("rocky", "rhel centos fedora", "5.14.0-70.el9.x86_64", "kernel-devel-uname-r = 5.14.0-70.el9.x86_64"),
            (
                "centos",
                "rhel fedora",
                "3.10.0-1160.el7.x86_64.debug",
                "kernel-devel-uname-r = 3.10.0-1160.el7.x86_64.debug",
            ),
            ("rhel", "fedora", "4.18.0-553.rt7.342.el8_10.x86_64", "kernel-rt-devel-4.18.0-553.rt7.342.el8_10.x86_64"),
            ("ol", "fedora", "5.15.0-3.el9uek.x86_64", "kernel-uek-devel-5.15.0-3.el9uek.x86_64"),
            ("ol", "fedora", "5.15.0-3.el9uek.x86_64.debug", "kernel-uek-debug-devel-5.15.0-3.el9uek.x86_64"),
            ("amzn", "fedora", "6.1.91-99.172.amzn2023.x86_64", "kernel-devel-uname-r = 6.1.91-99.172.amzn2023.x86_64"),
            ("openEuler", "", "6.6.0-27.oe2403.x86_64", "kernel-devel-uname-r = 6.6.0-27.oe2403.x86_64"),
            ("mageia", "mandriva fedora", "6.6.28-desktop-1.mga9", "kernel-desktop-devel-6.6.28-1.mga9"),
            ("openmandriva", "mandrake fedora", "6.10.2-server-2omv2490", "kernel-server-devel"),
            ("opensuse-leap", "suse opensuse", "6.4.0-150600.23.7-default", "kernel-default-devel"),
            ("opensuse-tumbleweed", "", "6.9.3-1-longterm", "kernel-longterm-devel"),
            ("sles", "suse", "6.4.0-150600.23.7-azure", "kernel-azure-devel"),
            ("sles", "suse", "6.4.0-150600.23.7-64kb", "kernel-64kb-devel"),
            ("sles", "suse", "6.4.0-150600.10.5-rt_debug", "kernel-rt_debug-devel"),
            ("opensuse-leap", "suse opensuse", "6.4.0-1", "kernel-default-devel"),
            ("arch", "", "6.9.1-arch1-1", "linux-headers"),
            ("arch", "", "6.9.1-zen1-1-zen", "linux-zen-headers"),
            ("endeavouros", "arch", "6.6.10-1-lts", "linux-lts-headers"),
            ("manjaro", "arch", "6.6.34-1-MANJARO", "linux66-headers"),
            ("alpine", "", "6.6.30-0-virt", "linux-virt-dev"),
            ("void", "", "6.6.31_1", "linux6.6-headers"),
            ("gentoo", "", "6.6.30-gentoo", "the prepared sources of kernel 6.6.30-gentoo in /usr/src/linux"),
            ("nixos", "", "6.6.30", "the headers of kernel 6.6.30"),
        ] {
            let os = OsRelease { id: id.into(), id_like: like.into(), version_id: String::new() };
            assert_eq!(of_headers(&os, &kernel(release, None)), expected, "{id} {release}");
        }
    }

    #[test]
    fn on_arch_and_its_kin_the_kernels_folder_says_which_package_it_comes_from() {
        for (id, base, expected) in [
            ("arch", "linux-lts", "linux-lts-headers"),
            ("cachyos", "linux-cachyos-bore", "linux-cachyos-bore-headers"),
            ("manjaro", "linux66-rt", "linux66-rt-headers"),
        ] {
            let os = OsRelease { id: id.into(), id_like: "arch".into(), version_id: String::new() };
            assert_eq!(of_headers(&os, &kernel("6.6.10-1", Some(base))), expected);
        }
    }

    #[test]
    fn a_pkgbase_that_is_no_name_says_nothing() {
        for (text, expected) in [
            ("linux-lts\n", Some("linux-lts")),
            ("", None),
            ("a b\n", None),
            ("../x", None),
            ("-x", None),
            ("$(x)", None),
        ] {
            assert_eq!(base(text).as_deref(), expected, "{text:?}");
        }
    }
}
