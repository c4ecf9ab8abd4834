//! The distributions that packages are made for: one table of what differs between them.

use crate::archive::stream::Compression;
use crate::package::Format;

/// What a package for one distribution is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// `debian12`, `el9` …: the name of its folder, too.
    pub(crate) name: String,
    pub(crate) format: Format,
    /// What its oldest supported release can read, and packages there are compressed with.
    pub(crate) compression: Compression,
    /// Follows the release: `.el9`, `~deb12`.
    pub(crate) suffix: String,
    /// Headers of the installed kernels, in the words of a relation; each is recommended.
    pub(crate) headers: &'static [&'static str],
    /// Where its kernels have their modules.
    pub(crate) modules: &'static str,
    /// The family, for the few things that are its own ways.
    pub(crate) family: Family,
    /// What is made instead of a package, where modules are built in a way of the distribution's own.
    pub(crate) recipe: Option<Recipe>,
}

/// A recipe for tools that build modules without a DKMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// For akms(8) of Alpine Linux
    Alpine,
    /// For akmods(8) of Fedora and its like
    Akmod,
    /// A kernel module package of SUSE
    Kmp,
    /// A Nix expression
    Nix,
}

/// What distributions have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Debian
    Debian,
    /// Ubuntu
    Ubuntu,
    /// RHEL and its like: symbols of the kernel keep their versions within a release.
    Enterprise,
    /// Fedora
    Fedora,
    /// SLES, Leap, Tumbleweed
    Suse,
    /// Arch Linux and its like
    Arch,
}

/// Why there is no profile of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("{0} is not supported: {1}")]
    TooOld(String, &'static str),
    #[error("no profile is called `{0}`")]
    Unknown(String),
}

/// Releases of a family from one on, until the next row of it.
struct Row {
    family: &'static str,
    /// The first release, as `(15, 6)`.
    from: (u32, u32),
    format: Format,
    compression: Compression,
    /// What follows the release; `#` stands for the number, `##` for it without its dot.
    suffix: &'static str,
    headers: &'static [&'static str],
    modules: &'static str,
}

/// A virtual package of every Debian architecture stands first; Ubuntu has it for real.
const DEBIAN: &[&str] = &["linux-headers-generic | linux-headers-amd64 | linux-headers"];
/// The plain kernel-devel would bring the newest, not those of each kernel; RHEL 8 has nothing better.
const EL8: &[&str] = &["(kernel-devel if kernel-core)", "(kernel-rt-devel if kernel-rt-core)"];
/// RHEL 9 and Fedora: packages that pull the very headers of a kernel.
const MATCHED: &[&str] = &[
    "(kernel-devel-matched if kernel-core)",
    "(kernel-64k-devel-matched if kernel-64k-core)",
    "(kernel-rt-devel-matched if kernel-rt-core)",
];
const SUSE: &[&str] = &[
    "(kernel-default-devel if kernel-default)",
    "(kernel-azure-devel if kernel-azure)",
    "(kernel-rt-devel if kernel-rt)",
    "(kernel-64kb-devel if kernel-64kb)",
];

/// Amazon Linux 2023 has packages for each line of its kernels, of which `kernel` is the first (Amazon Linux 2023 user guide,
/// "Updating the Linux kernel").
const AMAZON: &[&str] =
    &["(kernel-devel if kernel)", "(kernel6.12-devel if kernel6.12)", "(kernel6.18-devel if kernel6.18)"];
/// openEuler has one kernel, whose headers bear its version.
const EULER: &[&str] = &["(kernel-devel if kernel)"];

const LIB: &str = "/lib/modules";
const USR: &str = "/usr/lib/modules";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { family: "debian", from: (11, 0), format: Format::Deb, compression: Compression::Xz, suffix: "~deb#", headers: DEBIAN, modules: LIB },
    Row { family: "debian", from: (13, 0), format: Format::Deb, compression: Compression::Xz, suffix: "~deb#", headers: DEBIAN, modules: USR },
    Row { family: "ubuntu", from: (20, 4), format: Format::Deb, compression: Compression::Xz, suffix: "~ubuntu#", headers: DEBIAN, modules: LIB },
    // dpkg there reads zstd, and packages of the archive have it.
    Row { family: "ubuntu", from: (22, 4), format: Format::Deb, compression: Compression::Zstd, suffix: "~ubuntu#", headers: DEBIAN, modules: LIB },
    Row { family: "el", from: (8, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".el#", headers: EL8, modules: LIB },
    Row { family: "el", from: (9, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".el#", headers: MATCHED, modules: LIB },
    Row { family: "fedora", from: (0, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".fc#", headers: MATCHED, modules: LIB },
    Row { family: "sles", from: (15, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".sles#", headers: SUSE, modules: LIB },
    Row { family: "sles", from: (16, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".sles#", headers: SUSE, modules: USR },
    Row { family: "leap", from: (15, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".lp##", headers: SUSE, modules: LIB },
    Row { family: "leap", from: (16, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".lp##", headers: SUSE, modules: USR },
    Row { family: "tumbleweed", from: (0, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".tw", headers: SUSE, modules: USR },
    // Made of Fedora 34 to 36, whose rpm 4.16 reads zstd (Amazon Linux 2023 user guide, "Relationship to Fedora").
    Row { family: "amazon", from: (2023, 0), format: Format::Rpm, compression: Compression::Zstd, suffix: ".amzn#", headers: AMAZON, modules: LIB },
    // `.oe2203` as its own packages have it; gzip, since nothing says that every build of its rpm reads zstd.
    Row { family: "openeuler", from: (22, 3), format: Format::Rpm, compression: Compression::Gzip, suffix: ".oe##", headers: EULER, modules: LIB },
    // No headers: dkms itself names them as optional, and each kernel has its own (ArchWiki, "DKMS package guidelines").
    Row { family: "arch", from: (0, 0), format: Format::Pac, compression: Compression::Zstd, suffix: "", headers: &[], modules: USR },
    // Recipes; names and versions are as near as those of packages are.
    Row { family: "alpine", from: (0, 0), format: Format::Pac, compression: Compression::Gzip, suffix: "", headers: &[], modules: LIB },
    Row { family: "akmod", from: (0, 0), format: Format::Rpm, compression: Compression::Gzip, suffix: "", headers: &[], modules: LIB },
    Row { family: "kmp", from: (0, 0), format: Format::Rpm, compression: Compression::Gzip, suffix: "", headers: &[], modules: LIB },
    Row { family: "nix", from: (0, 0), format: Format::Pac, compression: Compression::Gzip, suffix: "", headers: &[], modules: LIB },
];

const RECIPES: &[(&str, Recipe)] =
    &[("alpine", Recipe::Alpine), ("akmod", Recipe::Akmod), ("kmp", Recipe::Kmp), ("nix", Recipe::Nix)];

const ALIASES: &[(&str, &str)] = &[
    ("rhel", "el"),
    ("centos", "el"),
    ("rocky", "el"),
    ("alma", "el"),
    ("almalinux", "el"),
    ("sle", "sles"),
    ("opensuse-leap", "leap"),
    ("opensuse-tumbleweed", "tumbleweed"),
    ("archlinux", "arch"),
    ("manjaro", "arch"),
    ("al", "amazon"),
    ("amzn", "amazon"),
    ("amazonlinux", "amazon"),
    ("akmods", "akmod"),
    ("nixos", "nix"),
];

/// Releases before the first row of their family.
const TOO_OLD: &[(&str, &str)] = &[
    ("el", "before RHEL 8 there are no rich dependencies and no zstd"),
    ("sles", "before SLE 15 there are no rich dependencies and no zstd"),
    ("leap", "before Leap 15 there are no rich dependencies and no zstd"),
    ("debian", "debhelper, dpkg and kernels of Debian before 11 are not tried any more"),
    ("ubuntu", "releases before Ubuntu 20.04 are not tried any more"),
    ("amazon", "before Amazon Linux 2023 there are no rich dependencies and no zstd"),
    ("openeuler", "releases before 22.03 are not tried any more"),
];

/// The headers that a Debian package recommends when it is made for no distribution in particular.
pub(crate) const ANY_DEBIAN: &[&str] = DEBIAN;

/// Families that have releases without a number.
const ROLLING: &[&str] = &["fedora", "tumbleweed", "arch", "alpine", "akmod", "kmp", "nix"];

impl Profile {
    /// The profile of this name: a family and a release, such as `ubuntu24.04`.
    pub(crate) fn named(name: &str) -> Result<Self, ProfileError> {
        let unknown = || ProfileError::Unknown(name.to_owned());
        let at = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
        let (family, number) = (name[..at].trim_end_matches('-'), &name[at..]);
        let family = ALIASES.iter().find(|(alias, _)| *alias == family).map_or(family, |(_, real)| real);
        let release = release(number).ok_or_else(unknown)?;
        let rolling = ROLLING.contains(&family);
        if number.is_empty() && !rolling {
            return Err(unknown());
        }
        let mut rows = TABLE.iter().filter(|row| row.family == family).peekable();
        rows.peek().ok_or_else(unknown)?;
        let too_old = TOO_OLD.iter().find(|(name, _)| *name == family).map_or("", |(_, why)| why);
        // Leap 42 came before Leap 15.
        let release = if (family, release.0) == ("leap", 42) { (0, 42) } else { release };
        let row =
            rows.rfind(|row| row.from <= release).ok_or_else(|| ProfileError::TooOld(name.to_owned(), too_old))?;
        Ok(Self {
            name: format!("{family}{number}"),
            format: row.format,
            compression: row.compression,
            suffix: row.suffix.replace("##", &number.replace('.', "")).replace('#', number),
            headers: row.headers,
            modules: row.modules,
            family: match family {
                "debian" => Family::Debian,
                "ubuntu" => Family::Ubuntu,
                "el" => Family::Enterprise,
                "fedora" | "amazon" | "openeuler" | "akmod" => Family::Fedora,
                "arch" | "alpine" | "nix" => Family::Arch,
                _ => Family::Suse,
            },
            recipe: RECIPES.iter().find(|(name, _)| *name == family).map(|(_, recipe)| *recipe),
        })
    }

    /// Names that a person may choose from, for messages.
    pub(crate) const EXAMPLES: &str = "debian12, debian13, ubuntu22.04, ubuntu24.04, el8, el9, el10, fedora, fedora42, sles15, leap15.6, tumbleweed, amazon2023, openeuler24.03, arch, alpine, akmod, kmp, nix";
}

/// `24.04` → (24, 4); nothing → (0, 0).
fn release(number: &str) -> Option<(u32, u32)> {
    if number.is_empty() {
        return Some((0, 0));
    }
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Compression::{Gzip, Xz, Zstd};
    use Format::{Deb, Rpm};

    #[test]
    fn every_distribution_has_its_ways() {
        let cases = [
            ("debian11", "debian11", Deb, Xz, "~deb11", DEBIAN[0], LIB),
            ("debian12", "debian12", Deb, Xz, "~deb12", DEBIAN[0], LIB),
            ("debian13", "debian13", Deb, Xz, "~deb13", DEBIAN[0], USR),
            ("ubuntu20.04", "ubuntu20.04", Deb, Xz, "~ubuntu20.04", DEBIAN[0], LIB),
            ("ubuntu22.04", "ubuntu22.04", Deb, Zstd, "~ubuntu22.04", DEBIAN[0], LIB),
            ("ubuntu24.04", "ubuntu24.04", Deb, Zstd, "~ubuntu24.04", DEBIAN[0], LIB),
            ("el8", "el8", Rpm, Zstd, ".el8", EL8[0], LIB),
            ("rhel9", "el9", Rpm, Zstd, ".el9", MATCHED[0], LIB),
            ("el10", "el10", Rpm, Zstd, ".el10", MATCHED[0], LIB),
            ("fedora", "fedora", Rpm, Zstd, ".fc", MATCHED[0], LIB),
            ("fedora42", "fedora42", Rpm, Zstd, ".fc42", MATCHED[0], LIB),
            ("sles15", "sles15", Rpm, Zstd, ".sles15", SUSE[0], LIB),
            ("sles16", "sles16", Rpm, Zstd, ".sles16", SUSE[0], USR),
            ("leap15.6", "leap15.6", Rpm, Zstd, ".lp156", SUSE[0], LIB),
            ("opensuse-tumbleweed", "tumbleweed", Rpm, Zstd, ".tw", SUSE[0], USR),
            ("al2023", "amazon2023", Rpm, Zstd, ".amzn2023", AMAZON[0], LIB),
            ("openeuler22.03", "openeuler22.03", Rpm, Gzip, ".oe2203", EULER[0], LIB),
        ];
        for (asked, name, format, compression, suffix, header, modules) in cases {
            let profile = Profile::named(asked).unwrap();
            let found = (profile.name.as_str(), profile.format, profile.compression, profile.suffix.as_str());
            assert_eq!(found, (name, format, compression, suffix), "{asked}");
            assert_eq!((profile.headers[0], profile.modules), (header, modules), "{asked}");
        }
        for name in Profile::EXAMPLES.split(", ") {
            assert!(Profile::named(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn suffixes_are_ones_that_versions_can_have_and_rise_with_the_release() {
        for family in [["debian11", "debian12"], ["ubuntu22.04", "ubuntu24.04"]] {
            let [old, new] = family.map(|name| format!("1.0-1{}", Profile::named(name).unwrap().suffix));
            let parse = |text: &str| debian_packaging::package_version::PackageVersion::parse(text).unwrap();
            assert!(parse(&old) < parse(&new) && parse(&new) < parse("1.0-1"), "{family:?}");
        }
        for row in TABLE {
            let release = format!("1{}", row.suffix.replace('#', "9"));
            assert!(crate::package::words::version::check_release(row.format, &release).is_ok(), "{release}");
        }
    }

    #[test]
    fn what_is_too_old_or_unknown_is_said() {
        for name in ["el7", "rhel7", "centos7", "sles12", "sle12", "leap42.3", "debian10", "ubuntu18.04", "amazon2"] {
            let found = Profile::named(name);
            assert!(matches!(found, Err(ProfileError::TooOld(_, _))), "{name}: {found:?}");
        }
        assert!(Profile::named("el7").unwrap_err().to_string().contains("rich dependencies"));
        for name in ["", "debian", "el", "suse15", "el9x", "ubuntu24.04.1.2", "9"] {
            assert!(matches!(Profile::named(name), Err(ProfileError::Unknown(_))), "{name}");
        }
    }
}
