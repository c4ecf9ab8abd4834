//! The architecture that a kernel goes by: on RPM systems its package's, which may be narrower than the machine's (an
//! i586 kernel on an i686), else `uname -m`. In another root its headers say it, as the machine is the host's at best.

use crate::ids::near::nearest;
use crate::ids::{Arch, KernelRelease};
use crate::sys::System;

/// None when not even the machine's is known.
pub(crate) fn of(system: &System, release: &KernelRelease) -> Option<Arch> {
    of_package(system, release).or_else(|| of_headers(system, release)).or_else(|| system.machine().cloned())
}

/// What uname(2) calls the machines of kernels with this line in their configuration, the narrower first.
const OF_CONFIGURATION: [(&str, &str); 12] = [
    ("CONFIG_X86_64=y", "x86_64"),
    ("CONFIG_X86_32=y", "i686"),
    ("CONFIG_ARM64=y", "aarch64"),
    ("CONFIG_CPU_V6=y", "armv6l"),
    ("CONFIG_ARM=y", "armv7l"),
    ("CONFIG_PPC64_ELF_ABI_V2=y", "ppc64le"),
    ("CONFIG_CPU_LITTLE_ENDIAN=y", "ppc64le"),
    ("CONFIG_S390=y", "s390x"),
    ("CONFIG_ARCH_RV64I=y", "riscv64"),
    ("CONFIG_LOONGARCH=y", "loongarch64"),
    ("CONFIG_PPC64=y", "ppc64"),
    ("CONFIG_SPARC64=y", "sparc64"),
];

/// What Linux calls its machines, and what packages of rpm call some of them.
const MACHINES: [&str; 46] = [
    "aarch64",
    "alpha",
    "arc",
    "arm",
    "armhf",
    "armv5tel",
    "armv5tejl",
    "armv6hl",
    "armv6l",
    "armv7hl",
    "armv7hnl",
    "armv7l",
    "athlon",
    "csky",
    "geode",
    "hexagon",
    "i386",
    "i486",
    "i586",
    "i686",
    "ia64",
    "loongarch64",
    "m68k",
    "microblaze",
    "mips",
    "mips64",
    "mips64el",
    "mips64r6",
    "mipsel",
    "nios2",
    "openrisc",
    "parisc",
    "parisc64",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv32",
    "riscv64",
    "s390",
    "s390x",
    "sh4",
    "sparc",
    "sparc64",
    "x86_64",
    "x86_64_v2",
    "xtensa",
];

/// Names that distributions have for some of them.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("amd64", "x86_64"),
    ("x64", "x86_64"),
    ("x86", "i686"),
    ("arm64", "aarch64"),
    ("armel", "armv5tel"),
    ("ppc64el", "ppc64le"),
    ("powerpc", "ppc"),
    ("loong64", "loongarch64"),
];

/// What is meant by a word that is no machine of Linux; None: it is one. `Some(None)`: nobody can tell.
pub(crate) fn meant_by(word: &str) -> Option<Option<&'static str>> {
    if MACHINES.contains(&word) {
        return None;
    }
    Some(of_packages(word).or_else(|| nearest(word, &MACHINES)))
}

/// The machine of packages of this architecture. None: it is of none, or it cannot be told.
pub(crate) fn of_packages(word: &str) -> Option<&'static str> {
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == word).map(|(_, machine)| *machine);
    other.or_else(|| MACHINES.into_iter().find(|machine| *machine == word))
}

/// The machine that the headers of another root's kernel were configured for; None on the live system.
pub(crate) fn of_headers(system: &System, release: &KernelRelease) -> Option<Arch> {
    if system.is_live() {
        return None;
    }
    let files = ["include/config/auto.conf", ".config"];
    let text = files
        .iter()
        .find_map(|file| fs_err::read_to_string(system.path(format!("/lib/modules/{release}/build/{file}"))).ok())?;
    let lines: std::collections::HashSet<&str> = text.lines().collect();
    // MIPS has a CPU_LITTLE_ENDIAN of its own, and goes by what the root's programs are for.
    let is_mips = lines.contains("CONFIG_MIPS=y");
    let found = OF_CONFIGURATION.iter().filter(|_| !is_mips).find(|(line, _)| lines.contains(line));
    Arch::new(found?.1).ok()
}

/// What rpm's database says of the package that owns the kernel's folder. A release that ends in the machine's name needs
/// no asking, nor does a system of another package manager.
fn of_package(system: &System, release: &KernelRelease) -> Option<Arch> {
    let ends_in = |machine: &Arch| release.as_str().ends_with(&format!(".{machine}"));
    let others = ["/var/lib/dpkg/status", "/var/lib/pacman/local", "/var/db/pkg"];
    let is_rpm = || !others.iter().any(|place| system.path(place).exists()) && system.has_program("rpm");
    if system.machine().is_some_and(ends_in) || !is_rpm() {
        return None;
    }
    let query = system
        .command(system.root(), "rpm")
        .args(["-qf", "--qf", "%{NAME} %{ARCH}\\n"])
        .arg(format!("/lib/modules/{release}"));
    let finished = system.run(&query).ok().filter(crate::sys::Finished::success)?;
    finished.text().lines().filter(|line| line.contains("kernel")).find_map(|line| {
        let (_, arch) = line.split_once(' ')?;
        // Packages that only hold a folder of the kernel's have no architecture of their own.
        Arch::new(arch).ok().filter(|arch| !["noarch", "(none)"].contains(&arch.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sys::{Command, Finished, RunError, Runner};

    struct Rpm(&'static str);

    impl Runner for Rpm {
        fn run(&self, command: &Command) -> Result<Finished, RunError> {
            assert!(command.line().contains("rpm -qf"), "{}", command.line());
            let code = if self.0.is_empty() { 1 } else { 0 };
            Ok(Finished { code: Some(code), stdout: self.0.into(), ..Finished::default() })
        }
    }

    fn arch(told: &'static str, machine: &str, release: &str, other: Option<&str>) -> String {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("usr/bin/rpm");
        fs_err::create_dir_all(program.parent().unwrap()).unwrap();
        fs_err::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        if let Some(other) = other {
            fs_err::create_dir_all(root.path().join(other)).unwrap();
        }
        let system = System::host()
            .with_root(root.path())
            .with_environment(std::collections::BTreeMap::new())
            .with_running(None, Arch::new(machine).ok())
            .with_runner(Arc::new(Rpm(told)));
        of(&system, &KernelRelease::new(release).unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_package_decides_where_rpm_knows_it() {
        let kernel = "kernel-default i586\n";
        for (told, machine, release, other, expected) in [
            (kernel, "i686", "6.4.0-1-default", None, "i586"),
            ("filesystem noarch\nkernel-core armv7hl\n", "armv7l", "6.4.0", None, "armv7hl"),
            ("filesystem i586\n", "i686", "6.4.0", None, "i686"),
            ("", "i686", "6.4.0", None, "i686"),
            ("kernel-core i686\n", "x86_64", "6.4.0-1.fc40.i686", None, "i686"),
            ("kernel-core wrong\n", "x86_64", "6.4.0-1.fc40.x86_64", None, "x86_64"),
            (kernel, "i686", "6.4.0", Some("var/lib/dpkg/status"), "i686"),
        ] {
            assert_eq!(arch(told, machine, release, other), expected, "{told} {release} {other:?}");
        }
    }

    #[test]
    fn in_another_root_the_headers_say_it() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path()).with_running(None, Arch::new("x86_64").ok());
        for (kernel, config, expected) in [
            ("6.1-a", "CONFIG_X86=y\nCONFIG_X86_64=y\n", "x86_64"),
            ("6.1-b", "CONFIG_X86=y\nCONFIG_X86_32=y\n", "i686"),
            ("6.1-c", "CONFIG_ARM64=y\n", "aarch64"),
            ("6.1-d", "CONFIG_PPC=y\nCONFIG_PPC64=y\nCONFIG_CPU_LITTLE_ENDIAN=y\n", "ppc64le"),
            ("6.1-e", "CONFIG_PPC64=y\n", "ppc64"),
            ("6.1-f", "CONFIG_MIPS=y\nCONFIG_CPU_LITTLE_ENDIAN=y\n", "x86_64"),
            ("6.1-g", "# CONFIG_ARM64 is not set\n", "x86_64"),
        ] {
            let headers = root.path().join("usr/src/headers").join(kernel);
            let folder = root.path().join("lib/modules").join(kernel);
            fs_err::create_dir_all(headers.join("include/config")).unwrap();
            fs_err::create_dir_all(&folder).unwrap();
            fs_err::write(headers.join("include/config/auto.conf"), config).unwrap();
            std::os::unix::fs::symlink(format!("/usr/src/headers/{kernel}"), folder.join("build")).unwrap();
            assert_eq!(of(&system, &KernelRelease::new(kernel).unwrap()).unwrap().as_str(), expected, "{config}");
        }
        assert_eq!(of(&system, &KernelRelease::new("6.0").unwrap()).unwrap().as_str(), "x86_64", "without headers");
    }
}
