//! Kernels whose headers repositories offer, told from the names and relations of packages.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use debian_packaging::package_version::PackageVersion;

use crate::ids::KernelRelease;
use crate::package::Format;
use crate::package::words::names;
use crate::version;

/// A package of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) format: Format,
    pub(crate) name: String,
    /// With its revision or release, without an epoch for RPM.
    pub(crate) version: String,
    /// As its format calls it.
    pub(crate) arch: String,
    pub(crate) needs: Vec<Need>,
    /// Its SHA-256, where the repository vouches for it.
    pub(crate) digest: Option<String>,
    /// The section of the .repo file that it is from, which may want it signed.
    pub(crate) section: Option<String>,
    /// Which of the repositories has it, and by what it is fetched there.
    pub(crate) place: (usize, String),
}

/// Another package that one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) name: String,
    /// In this very version.
    pub(crate) exactly: Option<String>,
}

/// A kernel, and the packages with its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) kernel: KernelRelease,
    pub(crate) flavour: Option<String>,
    pub(crate) format: Format,
    /// The one that is about this kernel alone comes first.
    pub(crate) packages: Vec<Package>,
    /// Packages that it needs and nobody offers.
    pub(crate) missing: Vec<String>,
}

/// Whether headers are made of a package of this name, or built with it.
pub(crate) fn is_of_headers(name: &str) -> bool {
    let is_rpm = name.starts_with("kernel") && name.ends_with("-devel");
    is_rpm || ["linux-headers-", "linux-kbuild-"].iter().any(|prefix| name.starts_with(prefix))
}

/// Relations as Debian's control files have them, as far as they name a package: of alternatives the first.
pub(crate) fn needs(depends: &str) -> Vec<Need> {
    let need = |relation: &str| {
        let first = relation.split('|').next()?.trim();
        let (name, rest) = first.split_once('(').unwrap_or((first, ""));
        let exactly =
            rest.trim().strip_prefix('=').map(|version| version.trim().trim_end_matches(')').trim().to_owned());
        let name = name.trim().split(':').next()?.to_owned();
        (!name.is_empty()).then_some(Need { name, exactly })
    };
    depends.split(',').filter_map(need).collect()
}

/// Every kernel, oldest first; of packages in several versions the newest counts.
pub(crate) fn offers(packages: &[Package]) -> Vec<Offer> {
    let mut newest: BTreeMap<KernelRelease, &Package> = BTreeMap::new();
    for package in packages {
        let Some(kernel) = kernel_of(package, packages) else { continue };
        let known = newest.entry(kernel).or_insert(package);
        if compare(package, known) == Ordering::Greater {
            *known = package;
        }
    }
    let mut offers: Vec<Offer> = newest.into_iter().map(|(kernel, package)| offer(kernel, package, packages)).collect();
    offers.sort_by(|one, other| version::compare(one.kernel.as_str(), other.kernel.as_str()));
    offers
}

fn offer(kernel: KernelRelease, package: &Package, all: &[Package]) -> Offer {
    let flavour = names::flavoured(package.format, kernel.as_str()).1.map(str::to_owned);
    let mut found =
        Offer { kernel, flavour, format: package.format, packages: vec![package.clone()], missing: Vec::new() };
    let mut open: Vec<Need> = needed(package);
    while let Some(need) = open.pop() {
        if found.packages.iter().any(|known| known.name == need.name) {
            continue;
        }
        let fits = |other: &&Package| {
            other.name == need.name && need.exactly.as_ref().is_none_or(|version| is_version(other, version))
        };
        match all.iter().filter(fits).max_by(|one, other| compare(one, other)) {
            Some(other) => {
                open.extend(needed(other));
                found.packages.push(other.clone());
            }
            None if !found.missing.contains(&need.name) => found.missing.push(need.name),
            None => {}
        }
    }
    found
}

fn needed(package: &Package) -> Vec<Need> {
    package.needs.iter().filter(|need| is_of_headers(&need.name)).cloned().collect()
}

/// Relations of RPM may leave the release out.
fn is_version(package: &Package, version: &str) -> bool {
    let is_same = package.version == version;
    is_same || (package.format == Format::Rpm && package.version.split('-').next() == Some(version))
}

fn compare(one: &Package, other: &Package) -> Ordering {
    match (PackageVersion::parse(&one.version), PackageVersion::parse(&other.version)) {
        (Ok(one), Ok(other)) if one != other => one.cmp(&other),
        _ => version::compare(&one.version, &other.version),
    }
}

/// The kernel that a package of headers is about. None: it is about none, about several, or stands for another package.
fn kernel_of(package: &Package, all: &[Package]) -> Option<KernelRelease> {
    let release = match package.format {
        Format::Deb => of_debian(package, all)?,
        Format::Rpm => of_rpm(package)?,
        Format::Pac => return None,
    };
    KernelRelease::new(release).ok()
}

fn of_debian(package: &Package, all: &[Package]) -> Option<String> {
    let release = headers_of(&package.name)?;
    let flavour = |name: &str| names::flavoured(Format::Deb, name).1.map(str::to_owned);
    let own = flavour(release);
    // One that needs the headers of a kernel of its own flavour stands for them.
    let others = package.needs.iter().filter_map(|need| headers_of(&need.name));
    if own.is_some() && others.into_iter().any(|other| flavour(other) == own) {
        return None;
    }
    match own {
        Some(own) if own == "common" || own.starts_with("common-") => None,
        Some(_) => Some(release.to_owned()),
        // What kernels of a flavour need is their common part; a kernel that somebody built has none.
        None => {
            let is_common = all.iter().any(|other| other.needs.iter().any(|need| need.name == package.name));
            (!is_common).then(|| release.to_owned())
        }
    }
}

fn headers_of(name: &str) -> Option<&str> {
    name.strip_prefix("linux-headers-").filter(|release| release.starts_with(|c: char| c.is_ascii_digit()))
}

/// `kernel-devel`, `kernel-rt-devel` of Fedora and Enterprise Linux; `kernel-default-devel` of SUSE, whose releases leave out the
/// number of the rebuild.
fn of_rpm(package: &Package) -> Option<String> {
    let middle = package.name.strip_prefix("kernel")?.strip_suffix("-devel")?;
    if package.arch == "noarch" {
        return None;
    }
    let flavour = middle.trim_start_matches('-');
    let (number, revision) = package.version.split_once('-')?;
    if [".el", ".fc", ".amzn", ".oe"].iter().any(|mark| revision.contains(mark)) || flavour.is_empty() {
        let suffix = if flavour.is_empty() { String::new() } else { format!("+{flavour}") };
        return Some(format!("{}.{}{suffix}", package.version, package.arch));
    }
    let revision = revision.rsplit_once('.').map_or(revision, |(revision, _)| revision);
    Some(format!("{number}-{revision}-{flavour}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn offer(kernel: &str) -> Offer {
        let format = if kernel.contains(".el") { Format::Rpm } else { Format::Deb };
        let flavour = names::flavoured(format, kernel).1.map(str::to_owned);
        let kernel = KernelRelease::new(kernel).unwrap();
        Offer { kernel, flavour, format, packages: Vec::new(), missing: Vec::new() }
    }

    fn deb(name: &str, version: &str, depends: &str) -> Package {
        let (name, version, arch) = (name.to_owned(), version.to_owned(), "amd64".to_owned());
        Package {
            format: Format::Deb,
            name,
            version,
            arch,
            needs: needs(depends),
            digest: None,
            section: None,
            place: (0, String::new()),
        }
    }

    fn rpm(name: &str, version: &str, arch: &str, depends: &str) -> Package {
        Package { format: Format::Rpm, arch: arch.to_owned(), ..deb(name, version, depends) }
    }

    fn found(packages: &[Package]) -> Vec<String> {
        let line = |offer: Offer| {
            let packages: Vec<String> =
                offer.packages.iter().map(|package| format!("{}={}", package.name, package.version)).collect();
            format!("{}: {} lacks {}", offer.kernel, packages.join(" "), offer.missing.join(" "))
        };
        offers(packages).into_iter().map(line).collect()
    }

    #[test]
    fn kernels_of_debian_and_ubuntu_are_those_with_headers_of_their_own() {
        let packages = [
            deb("linux-headers-amd64", "6.1.176-1", "linux-headers-6.1.0-50-amd64 (= 6.1.176-1)"),
            deb("linux-headers-6.12-amd64", "6.12.107-1", "linux-headers-6.12.107+deb12-amd64 (= 6.12.107-1)"),
            deb(
                "linux-headers-6.1.0-50-amd64",
                "6.1.176-1",
                "linux-headers-6.1.0-50-common (= 6.1.176-1), linux-kbuild-6.1 (>= 6.1.176-1), linux-compiler-gcc-12-x86 (= 1)",
            ),
            deb("linux-headers-6.1.0-50-amd64", "6.1.170-1", "linux-headers-6.1.0-50-common (= 6.1.170-1)"),
            deb("linux-headers-6.1.0-50-common", "6.1.176-1", ""),
            deb("linux-kbuild-6.1", "6.1.99-1", "libc6 (>= 2.34), libelf1"),
            deb("linux-kbuild-6.1", "6.1.176-1", ""),
            deb(
                "linux-headers-6.12.107+deb12-amd64",
                "6.12.107-1",
                "linux-headers-6.12.107+deb12-common (= 6.12.107-1)",
            ),
            deb("linux-headers-5.15.0-91-generic", "5.15.0-91.101", "linux-headers-5.15.0-91, libc6"),
            deb("linux-headers-5.15.0-91", "5.15.0-91.101", ""),
            deb("linux-headers-6.9.3", "6.9.3-1", ""),
        ];
        assert_eq!(
            found(&packages),
            [
                "5.15.0-91-generic: linux-headers-5.15.0-91-generic=5.15.0-91.101 linux-headers-5.15.0-91=5.15.0-91.101 lacks ",
                "6.1.0-50-amd64: linux-headers-6.1.0-50-amd64=6.1.176-1 linux-kbuild-6.1=6.1.176-1 \
                 linux-headers-6.1.0-50-common=6.1.176-1 lacks ",
                "6.9.3: linux-headers-6.9.3=6.9.3-1 lacks ",
                "6.12.107+deb12-amd64: linux-headers-6.12.107+deb12-amd64=6.12.107-1 lacks linux-headers-6.12.107+deb12-common",
            ]
        );
    }

    #[test]
    fn kernels_of_rpm_systems_bear_the_release_of_their_package_in_each_ones_way() {
        let packages = [
            rpm("kernel-devel", "5.14.0-503.11.1.el9_5", "x86_64", ""),
            rpm("kernel-rt-devel", "5.14.0-503.11.1.el9_5", "x86_64", ""),
            rpm("kernel-devel-matched", "5.14.0-503.11.1.el9_5", "x86_64", ""),
            rpm("kernel-default-devel", "6.4.0-150600.23.7.3", "x86_64", "kernel-devel (= 6.4.0)"),
            rpm("kernel-devel", "6.4.0-150600.23.7.3", "noarch", ""),
        ];
        assert_eq!(
            found(&packages),
            [
                "5.14.0-503.11.1.el9_5.x86_64: kernel-devel=5.14.0-503.11.1.el9_5 lacks ",
                "5.14.0-503.11.1.el9_5.x86_64+rt: kernel-rt-devel=5.14.0-503.11.1.el9_5 lacks ",
                "6.4.0-150600.23.7-default: kernel-default-devel=6.4.0-150600.23.7.3 kernel-devel=6.4.0-150600.23.7.3 lacks ",
            ]
        );
    }
}
