//! What is known of a build besides its log: facts that its caller has looked up.

use crate::ids::{KernelRelease, ModuleId};

/// Whom to ask for a program that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Packages {
    Apt,
    Dnf,
    Zypper,
    Pacman,
    #[default]
    Unknown,
}

impl Packages {
    /// By the words of ID and ID_LIKE in os-release.
    pub(crate) fn of(os_id: &str, os_id_like: &str) -> Self {
        let known = |word: &str| match word.to_lowercase().as_str() {
            "debian" | "ubuntu" | "raspbian" => Some(Self::Apt),
            "fedora" | "rhel" | "centos" | "ol" | "ovm" | "amzn" | "openeuler" | "mageia" | "openmandriva" => {
                Some(Self::Dnf)
            }
            "suse" | "opensuse" | "sles" | "sled" | "sle_hpc" => Some(Self::Zypper),
            "arch" | "archlinux" | "manjaro" => Some(Self::Pacman),
            word if word.starts_with("opensuse") => Some(Self::Zypper),
            _ => None,
        };
        std::iter::once(os_id).chain(os_id_like.split_whitespace()).find_map(known).unwrap_or_default()
    }

    /// The command that installs a package.
    pub(crate) fn command(self) -> Option<&'static str> {
        match self {
            Self::Apt => Some("apt-get install"),
            Self::Dnf => Some("dnf install"),
            Self::Zypper => Some("zypper install"),
            Self::Pacman => Some("pacman -S"),
            Self::Unknown => None,
        }
    }

    /// The command that installs what brings this program or part of a system.
    pub(super) fn install(self, what: &str) -> String {
        let column = match self {
            Self::Apt => 0,
            Self::Dnf => 1,
            Self::Zypper => 2,
            Self::Pacman => 3,
            Self::Unknown => return format!("install the package that brings `{what}`"),
        };
        let row = NAMES.iter().find(|(name, _)| *name == what);
        let package = match row {
            Some((_, names)) => names[column],
            // Debian has a package for each version of a compiler.
            None if self == Self::Apt && (what.starts_with("gcc-") || what.starts_with("clang-")) => what,
            None => return format!("install the package that brings `{what}`"),
        };
        let command = ["apt-get install", "dnf install", "zypper install", "pacman -S"][column];
        format!("`{command} {package}`")
    }
}

/// Programs and parts, with their packages for apt, dnf, zypper and pacman. The names are those of packages.debian.org,
/// packages.fedoraproject.org (lsb_release provides lsb-release), software.opensuse.org and archlinux.org/packages; where a
/// program moved between packages, dnf and zypper take its path.
const NAMES: &[(&str, [&str; 4])] = &[
    ("autoconf", ["autoconf", "autoconf", "autoconf", "autoconf"]),
    ("automake", ["automake", "automake", "automake", "automake"]),
    (
        "autoreconf",
        [
            "autoconf automake libtool",
            "autoconf automake libtool",
            "autoconf automake libtool",
            "autoconf automake libtool",
        ],
    ),
    ("awk", ["gawk", "gawk", "gawk", "gawk"]),
    ("bc", ["bc", "bc", "bc", "bc"]),
    ("bison", ["bison", "bison", "bison", "bison"]),
    ("clang", ["clang", "clang", "clang", "clang"]),
    ("cmake", ["cmake", "cmake", "cmake", "cmake"]),
    ("cpio", ["cpio", "cpio", "cpio", "cpio"]),
    ("flex", ["flex", "flex", "flex", "flex"]),
    ("gawk", ["gawk", "gawk", "gawk", "gawk"]),
    ("g++", ["g++", "gcc-c++", "gcc-c++", "gcc"]),
    ("gcc", ["gcc", "gcc", "gcc", "gcc"]),
    ("no acceptable C compiler", ["gcc", "gcc", "gcc", "gcc"]),
    ("C compiler cannot create executables", ["libc6-dev", "glibc-devel", "glibc-devel", "glibc"]),
    ("git", ["git", "git", "git", "git"]),
    ("ld.lld", ["lld", "lld", "lld", "lld"]),
    ("libelf", ["libelf-dev", "elfutils-libelf-devel", "libelf-devel", "libelf"]),
    ("gelf", ["libelf-dev", "elfutils-libelf-devel", "libelf-devel", "libelf"]),
    ("libelf.so.1", ["libelf1", "elfutils-libelf", "libelf1", "libelf"]),
    ("lsb_release", ["lsb-release", "lsb-release", "lsb-release", "lsb-release"]),
    ("m4", ["m4", "m4", "m4", "m4"]),
    ("openssl", ["openssl", "openssl", "openssl", "openssl"]),
    ("openssl/", ["libssl-dev", "openssl-devel", "libopenssl-devel", "openssl"]),
    ("pahole", ["pahole", "dwarves", "dwarves", "pahole"]),
    ("make", ["make", "make", "make", "make"]),
    ("patch", ["patch", "patch", "patch", "patch"]),
    ("perl", ["perl", "perl", "perl", "perl"]),
    ("pkg-config", ["pkg-config", "pkgconf", "pkg-config", "pkgconf"]),
    ("python", ["python-is-python3", "python-unversioned-command", "python3", "python"]),
    ("python3", ["python3", "python3", "python3", "python"]),
    ("rsync", ["rsync", "rsync", "rsync", "rsync"]),
    ("rustc", ["rustc", "rust", "rust", "rust"]),
    ("unzip", ["unzip", "unzip", "unzip", "unzip"]),
    ("wget", ["wget", "wget", "wget", "wget"]),
    ("curl", ["curl", "curl", "curl", "curl"]),
    ("xxd", ["xxd", "/usr/bin/xxd", "/usr/bin/xxd", "vim"]),
    ("xz", ["xz-utils", "xz", "xz", "xz"]),
    ("zstd", ["zstd", "zstd", "zstd", "zstd"]),
];

/// What the folder of a build holds, in answers to a few questions. Paths are as the build names them.
pub(crate) trait Source {
    /// Whether there is such a file or folder; one without a leading slash is in the build's folder.
    fn has(&self, path: &str) -> bool;
    /// Whether there is such a file, and nobody may execute it.
    fn is_not_executable(&self, path: &str) -> bool;
    /// The text of a small file there.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether it is a folder with nothing in it.
    fn is_empty(&self, path: &str) -> bool;
    /// Where below the folder a file lies whose path ends in this one.
    fn find(&self, ending: &str) -> Option<String>;
    /// The modules (`sub/x.ko`) that lie there.
    fn modules(&self) -> Vec<String>;
}

/// Which build it is.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) id: &'a ModuleId,
    pub(crate) kernel: &'a KernelRelease,
    pub(crate) packages: Packages,
    pub(crate) source: &'a dyn Source,
}

impl About<'_> {
    /// The folders of the source that a git checkout would fill, and nobody has.
    pub(super) fn empty_submodules(&self) -> Vec<String> {
        let text = self.source.text(".gitmodules").unwrap_or_default();
        let paths = text.lines().filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == "path").then(|| value.trim().to_owned())
        });
        paths.filter(|path| self.source.is_empty(path)).collect()
    }

    /// The makefile with which the build begins.
    pub(super) fn makefile(&self) -> String {
        ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| self.source.text(name)).unwrap_or_default()
    }
}

/// A kernel's first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series(pub(super) u16, pub(super) u16);

impl Series {
    pub(super) fn of(kernel: &KernelRelease) -> Option<Self> {
        let mut numbers = kernel.as_str().split(|c: char| !c.is_ascii_digit());
        Some(Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

impl std::fmt::Display for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_is_known_by_its_own_name_or_by_that_of_its_kin() {
        for (id, like, expected) in [
            ("linuxmint", "ubuntu debian", Packages::Apt),
            ("openEuler", "", Packages::Dnf),
            ("almalinux", "rhel centos fedora", Packages::Dnf),
            ("mageia", "mandriva fedora", Packages::Dnf),
            ("opensuse-tumbleweed", "opensuse suse", Packages::Zypper),
            ("sled", "suse", Packages::Zypper),
            ("cachyos", "arch", Packages::Pacman),
            ("alpine", "", Packages::Unknown),
        ] {
            assert_eq!(Packages::of(id, like), expected, "{id}");
        }
    }
}
