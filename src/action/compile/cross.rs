//! Building for a kernel of another kind of machine than this one: its headers are here, and so has a compiler for it
//! to be.
//!
//! What make itself runs of the headers (modpost, fixdep) has to be for this machine: Debian's linux-kbuild of the same
//! release is, when it was installed here and not unpacked with the headers of the other machine.

use crate::ids::Arch;

/// What make and compilers call a kind of machine that is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cross {
    /// The kernel's own name of it: ARCH.
    pub(crate) arch: &'static str,
    /// What its tools' names begin with: CROSS_COMPILE.
    pub(crate) prefix: &'static str,
}

/// As uname(2) has them, with ARCH and with the prefix that distributions give their cross compilers. Compilers of one
/// line make code for each of its machines.
const KINDS: [(&[&str], &str, &str); 8] = [
    (&["x86_64", "x86_64_v2", "i386", "i486", "i586", "i686", "athlon", "geode"], "x86", "x86_64-linux-gnu-"),
    (&["aarch64"], "arm64", "aarch64-linux-gnu-"),
    (&["armv7l", "armv7hl", "armv7hnl", "armhf"], "arm", "arm-linux-gnueabihf-"),
    (&["armv5tel", "armv5tejl", "armv6l", "armv6hl"], "arm", "arm-linux-gnueabi-"),
    (&["riscv64"], "riscv", "riscv64-linux-gnu-"),
    (&["ppc64le", "ppc64", "ppc"], "powerpc", "powerpc64le-linux-gnu-"),
    (&["s390x"], "s390", "s390x-linux-gnu-"),
    (&["loongarch64"], "loongarch", "loongarch64-linux-gnu-"),
];

impl Cross {
    /// None: this machine is of the target's kind, or nothing is known of one of them.
    pub(crate) fn of(target: &Arch, machine: Option<&Arch>) -> Option<Self> {
        let kind = |of: &Arch| KINDS.iter().position(|(names, ..)| names.contains(&of.as_str()));
        let wanted = kind(target)?;
        let (_, arch, prefix) = KINDS[wanted];
        (kind(machine?)? != wanted).then_some(Self { arch, prefix })
    }

    /// The tool of this kind that does what this one does here.
    pub(crate) fn tool(self, name: &str) -> String {
        if name.starts_with(self.prefix) { name.to_owned() } else { format!("{}{name}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_kind_of_machine_has_its_own_tools() {
        for (target, machine, expected) in [
            ("aarch64", "x86_64", Some(("arm64", "aarch64-linux-gnu-gcc-12"))),
            ("x86_64", "aarch64", Some(("x86", "x86_64-linux-gnu-gcc-12"))),
            ("armv7l", "aarch64", Some(("arm", "arm-linux-gnueabihf-gcc-12"))),
            ("i686", "x86_64", None),
            ("x86_64", "x86_64", None),
            ("ppc64", "ppc64le", None),
            ("m68k", "x86_64", None),
        ] {
            let [target, machine] = [target, machine].map(|name| Arch::new(name).unwrap());
            let cross = Cross::of(&target, Some(&machine));
            let found = cross.map(|cross| (cross.arch, cross.tool("gcc-12")));
            assert_eq!(found, expected.map(|(arch, tool)| (arch, tool.to_owned())), "{target} on {machine}");
        }
        let cross = Cross { arch: "arm64", prefix: "aarch64-linux-gnu-" };
        assert_eq!(cross.tool("aarch64-linux-gnu-gcc-12"), "aarch64-linux-gnu-gcc-12");
    }
}
