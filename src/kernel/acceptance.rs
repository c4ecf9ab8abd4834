//! Whether a kernel will take a module file, as far as a look at the file can tell. Pure.
//!
//! What is asked: `elf_validity_check` and `check_modinfo` in kernel/module/main.c, include/linux/vermagic.h of Linux.

use std::fmt;

use object::{Architecture, Object, ObjectKind, ObjectSection};

use super::exports::{self, Barred};
use super::symbols::{self, Offered, Other, Symbol};
use super::{KernelConfig, ModInfo};

/// What a kernel asks of a module.
#[derive(Debug, Clone)]
pub(crate) struct Demands<'a> {
    /// Its release, and that of its headers where they name another one.
    pub(crate) releases: Vec<String>,
    /// Its configuration; what an empty one does not say is not asked.
    pub(crate) config: &'a KernelConfig,
    /// Symbols in the versions that it and the modules that are built on offer.
    pub(crate) offered: Offered,
    /// What one of its own modules tells; None: there is none.
    pub(crate) own: Option<Own>,
    pub(crate) age: Age,
}

/// When a module was made, which decides on how its name of the kernel is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// Just now, for this kernel: it has to say so.
    JustMade,
    /// At some time, by somebody: what counts is what the kernel asks, and where it compares the versions of symbols, that is
    /// not its release (`same_magic`).
    Found,
}

/// Why a kernel will not take a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is cut, empty or something else.
    NoModule { why: String },
    /// It is for another processor.
    Machine { has: String, wanted: String },
    /// It is for a kernel of another release; `None`: it names none.
    Release { has: Option<String>, wanted: String },
    /// It was built with another configuration: this word of its vermagic is there and should not be, or the reverse.
    Flag { word: String, has: bool },
    /// Its `struct module` is of another size, which is one configuration or compiler too many.
    Size { has: u64, wanted: u64 },
    /// It was built against another version of this symbol.
    Symbol(Other),
    /// It uses a symbol that is not for it.
    Barred(Barred),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::NoModule { why } => write!(f, "it is no kernel module: {why}"),
            Unfit::Machine { has, wanted } => write!(f, "it is for {has}, the kernel for {wanted}"),
            Unfit::Release { has: Some(has), wanted } => write!(f, "it was built for kernel {has} instead of {wanted}"),
            Unfit::Release { has: None, wanted } => {
                write!(f, "it does not say which kernel it is for (no vermagic), and {wanted} takes no such module")
            }
            Unfit::Flag { word, has: true } => {
                write!(f, "its vermagic says {word}, and the kernel was configured without")
            }
            Unfit::Flag { word, has: false } => {
                write!(f, "its vermagic does not say {word}, and the kernel was configured with it")
            }
            Unfit::Size { has, wanted } => {
                write!(f, "its struct module has {has} bytes, that of the kernel's own modules {wanted}")
            }
            Unfit::Symbol(other) => other.fmt(f),
            Unfit::Barred(barred) => barred.fmt(f),
        }
    }
}

/// Words of vermagic with the settings that make the kernel's own build put them there.
const FLAGS: [(&str, &str); 3] =
    [("SMP", "CONFIG_SMP"), ("mod_unload", "CONFIG_MODULE_UNLOAD"), ("modversions", "CONFIG_MODVERSIONS")];

/// The same of words of which one is there: kernels that have both settings take one or the other, by their release.
const PREEMPTION: [(&str, &[&str]); 2] =
    [("preempt_rt", &["CONFIG_PREEMPT_RT"]), ("preempt", &["CONFIG_PREEMPT_BUILD", "CONFIG_PREEMPT"])];

/// Settings that say what a kernel runs on, the first that is on counts.
const MACHINES: [(&str, Architecture); 10] = [
    ("CONFIG_X86_64", Architecture::X86_64),
    ("CONFIG_X86_32", Architecture::I386),
    ("CONFIG_ARM64", Architecture::Aarch64),
    ("CONFIG_ARM", Architecture::Arm),
    ("CONFIG_PPC64", Architecture::PowerPc64),
    ("CONFIG_S390", Architecture::S390x),
    ("CONFIG_ARCH_RV64I", Architecture::Riscv64),
    ("CONFIG_LOONGARCH", Architecture::LoongArch64),
    ("CONFIG_SPARC64", Architecture::Sparc64),
    ("CONFIG_PPC32", Architecture::PowerPc),
];

/// Looks at an uncompressed module.
pub(crate) fn check(module: &[u8], demands: &Demands<'_>) -> Result<(), Unfit> {
    let no_module = |why: String| Unfit::NoModule { why };
    if module.iter().all(|byte| *byte == 0) {
        let why = if module.is_empty() { "it is empty" } else { "it holds nothing but zeros" };
        return Err(no_module(why.to_owned()));
    }
    let elf = object::File::parse(module).map_err(|error| no_module(error.to_string()))?;
    if elf.kind() != ObjectKind::Relocatable {
        return Err(no_module("it is not a relocatable object file".to_owned()));
    }
    let wanted = MACHINES.iter().find(|(setting, _)| demands.config.is_enabled(setting)).map(|(_, machine)| *machine);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != elf.architecture()) {
        return Err(Unfit::Machine { has: format!("{:?}", elf.architecture()), wanted: format!("{wanted:?}") });
    }
    let info = ModInfo::parse(module).map_err(no_module)?;
    let needed = symbols::needed(module).map_err(no_module)?;
    release(&info, &needed, demands)?;
    match &demands.own {
        Some(own) => words(&info, &own.flags)?,
        None => flags(&info, demands.config)?,
    }
    size(&elf, demands.own.as_ref().map(|own| own.size))?;
    match demands.offered.other(&needed) {
        Some(other) if demands.config.is_enabled("CONFIG_MODVERSIONS") => return Err(Unfit::Symbol(other)),
        _ => {}
    }
    // Of what was made just now, modpost has said so.
    let barred = || demands.offered.limits.barred(exports::used(&elf), &info);
    let barred = (demands.age == Age::Found).then(barred).flatten();
    barred.map_or(Ok(()), |barred| Err(Unfit::Barred(barred)))
}

/// What one of a kernel's own modules tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    /// Bytes of its `struct module`.
    pub(crate) size: u64,
    /// What its vermagic says besides the release.
    pub(crate) flags: Vec<String>,
    /// The symbols that it needs in their versions, which are those that the kernel offers.
    pub(crate) needs: Vec<Symbol>,
}

/// Bytes of the `struct module` that a module brings: what the kernel compares since 5.13.
pub(crate) fn size_of(elf: &object::File<'_>) -> Option<u64> {
    Some(elf.section_by_name(".gnu.linkonce.this_module")?.size())
}

fn size(elf: &object::File<'_>, wanted: Option<u64>) -> Result<(), Unfit> {
    match (size_of(elf), wanted) {
        (Some(has), Some(wanted)) if has != wanted => Err(Unfit::Size { has, wanted }),
        _ => Ok(()),
    }
}

fn release(info: &ModInfo, needed: &[Symbol], demands: &Demands<'_>) -> Result<(), Unfit> {
    let has = info.release();
    let is_asked = demands.age == Age::JustMade
        || needed.is_empty()
        || demands.offered.is_empty()
        || !demands.config.is_enabled("CONFIG_MODVERSIONS");
    if !is_asked || has.is_some_and(|has| demands.releases.iter().any(|release| release == has)) {
        return Ok(());
    }
    let wanted = demands.releases.first().cloned().unwrap_or_default();
    Err(Unfit::Release { has: has.map(str::to_owned), wanted })
}

/// What vermagic says besides the release, as the kernel compares it: with that of a module of its own.
fn words(info: &ModInfo, wanted: &[String]) -> Result<(), Unfit> {
    let has = info.flags();
    let only = |one: &[String], other: &[String]| one.iter().find(|word| !other.contains(word)).cloned();
    if let Some(word) = only(&has, wanted) {
        return Err(Unfit::Flag { word, has: true });
    }
    only(wanted, &has).map_or(Ok(()), |word| Err(Unfit::Flag { word, has: false }))
}

/// The same where nobody but the configuration tells what the kernel's own modules say.
fn flags(info: &ModInfo, config: &KernelConfig) -> Result<(), Unfit> {
    if !config.is_enabled("CONFIG_MODULES") {
        return Ok(());
    }
    let words = info.flags();
    let has = |word: &str| words.iter().any(|other| other == word);
    let refuse = |word: &str| Err(Unfit::Flag { word: word.to_owned(), has: has(word) });
    if let Some((word, _)) = FLAGS.iter().find(|(word, setting)| has(word) != config.is_enabled(setting)) {
        return refuse(word);
    }
    let is_set = |settings: &[&str]| settings.iter().any(|setting| config.is_enabled(setting));
    match PREEMPTION.iter().find(|(word, settings)| has(word) && !is_set(settings)) {
        Some((word, _)) => return refuse(word),
        None if PREEMPTION.iter().any(|(word, _)| has(word)) => return Ok(()),
        None => {}
    }
    PREEMPTION.iter().find(|(_, settings)| is_set(settings)).map_or(Ok(()), |(word, _)| refuse(word))
}

#[cfg(test)]
mod tests {
    use super::super::modinfo::tests::{elf, elf_of};
    use super::*;

    const DEBIAN: &str =
        "CONFIG_X86_64=y\nCONFIG_MODULES=y\nCONFIG_SMP=y\nCONFIG_MODULE_UNLOAD=y\nCONFIG_MODVERSIONS=y\n";
    const ARM: &str = "CONFIG_ARM64=y\n";

    fn demands(config: &KernelConfig) -> Demands<'_> {
        let releases = vec!["6.1".to_owned(), "6.1-of-headers".to_owned()];
        let offered = Offered::listed("0x00000007\tprintk\tvmlinux\tEXPORT_SYMBOL\n");
        Demands { releases, config, offered, own: None, age: Age::JustMade }
    }

    fn asked(module: &[u8], demands: &Demands<'_>) -> String {
        check(module, demands).map_or_else(|unfit| unfit.to_string(), |()| "fits".into())
    }

    fn told(module: &[u8], config: &str) -> String {
        asked(module, &demands(&KernelConfig::parse(config)))
    }

    /// What a module of the kernel's own tells.
    fn own(flags: &str) -> Option<Own> {
        let flags = flags.split(' ').map(str::to_owned).collect();
        Some(Own { size: 8, flags, needs: Vec::new() })
    }

    fn version(crc: u64) -> Vec<u8> {
        [&crc.to_le_bytes()[..], b"printk", &[0; 50]].concat()
    }

    #[test]
    fn a_kernel_takes_modules_of_its_own_release_flags_and_machine() {
        for (vermagic, config, expected) in [
            ("6.1 SMP mod_unload modversions ", DEBIAN, "fits"),
            ("6.1-of-headers SMP mod_unload modversions ", DEBIAN, "fits"),
            ("6.1 ", "", "fits"),
            ("6.1 SMP mod_unload", "", "fits"),
            ("6.1", "CONFIG_MODULES=y\n", "fits"),
            ("6.2 SMP mod_unload modversions ", DEBIAN, "it was built for kernel 6.2 instead of 6.1"),
            ("6.1.0 ", "", "it was built for kernel 6.1.0 instead of 6.1"),
            ("", "", "no vermagic"),
            ("6.1 SMP modversions ", DEBIAN, "does not say mod_unload"),
            ("6.1 SMP preempt_rt mod_unload modversions ", DEBIAN, "says preempt_rt"),
            ("6.1 SMP preempt mod_unload modversions ", DEBIAN, "says preempt, and"),
            ("6.1 preempt ", "CONFIG_MODULES=y\nCONFIG_PREEMPT_BUILD=y\n", "fits"),
            ("6.1 preempt ", "CONFIG_MODULES=y\nCONFIG_PREEMPT=y\n", "fits"),
            ("6.1 ", "CONFIG_MODULES=y\nCONFIG_PREEMPT=y\n", "does not say preempt, and"),
            ("6.1 preempt ", "CONFIG_MODULES=y\nCONFIG_PREEMPT_RT=y\n", "says preempt, and"),
            ("6.1 preempt ", "CONFIG_MODULES=y\nCONFIG_PREEMPT_RT=y\nCONFIG_PREEMPT_BUILD=y\n", "fits"),
            ("6.1 preempt_rt ", "CONFIG_MODULES=y\nCONFIG_PREEMPT_RT=y\nCONFIG_PREEMPT_BUILD=y\n", "fits"),
            ("6.1 ", ARM, "it is for X86_64, the kernel for Aarch64"),
        ] {
            let module = elf(".modinfo", format!("license=GPL\0vermagic={vermagic}\0").as_bytes());
            assert!(told(&module, config).contains(expected), "{vermagic}: {}", told(&module, config));
        }
    }

    #[test]
    fn a_kernel_takes_modules_of_its_own_struct_module_and_symbol_versions() {
        let info = b"vermagic=6.1 SMP mod_unload modversions \0".to_vec();
        for (section, data, config, expected) in [
            (".gnu.linkonce.this_module", vec![0; 8], DEBIAN, "fits"),
            (".gnu.linkonce.this_module", vec![0; 16], DEBIAN, "has 16 bytes, that of the kernel's own modules 8"),
            ("__versions", version(7), DEBIAN, "fits"),
            ("__versions", version(9), DEBIAN, "needs printk in version 0x00000009, and 0x00000007 is offered"),
            ("__versions", version(9), "", "fits"),
        ] {
            let module = elf_of(&[(".modinfo", &info), (section, &data)]);
            let config = KernelConfig::parse(config);
            let told = asked(&module, &Demands { own: own("SMP mod_unload modversions"), ..demands(&config) });
            assert!(told.contains(expected), "{section}: {told}");
        }
    }

    #[test]
    fn a_module_of_the_kernels_own_says_all_words_of_vermagic() {
        let config = KernelConfig::parse(DEBIAN);
        for (vermagic, own_says, expected) in [
            ("6.1 SMP preempt mod_unload modversions ", "SMP preempt mod_unload modversions", "fits"),
            ("6.1 SMP mod_unload modversions ", "SMP mod_unload modversions retpoline", "does not say retpoline"),
            ("6.1 SMP mod_unload modversions RANDSTRUCT_1 ", "SMP mod_unload modversions", "says RANDSTRUCT_1"),
        ] {
            let module = elf(".modinfo", format!("license=GPL\0vermagic={vermagic}\0").as_bytes());
            let told = asked(&module, &Demands { own: own(own_says), ..demands(&config) });
            assert!(told.contains(expected), "{vermagic}: {told}");
        }
    }

    #[test]
    fn the_release_of_what_is_found_counts_unless_versions_of_symbols_are_compared() {
        const OTHER: &str = "it was built for kernel 6.2 instead of 6.1";
        for (age, config, crc, expected) in [
            (Age::Found, DEBIAN, Some(7), "fits"),
            (Age::Found, DEBIAN, Some(9), "needs printk in version"),
            (Age::Found, DEBIAN, None, OTHER),
            (Age::Found, "", Some(7), OTHER),
            (Age::JustMade, DEBIAN, Some(7), OTHER),
        ] {
            let versions = crc.map(version).unwrap_or_default();
            let info = b"license=GPL\0vermagic=6.2 SMP mod_unload modversions \0";
            let module = elf_of(&[(".modinfo", info), ("__versions", &versions)]);
            let config = KernelConfig::parse(config);
            let told = asked(&module, &Demands { age, ..demands(&config) });
            assert!(told.contains(expected), "{age:?} {crc:?}: {told}");
        }
    }

    #[test]
    fn what_is_cut_empty_or_something_else_is_no_module() {
        let module = elf(".modinfo", b"vermagic=6.1 \0");
        let mut program = module.clone();
        program[16] = 2;
        for (content, expected) in [
            (&b""[..], "it is empty"),
            (&[0; 400], "nothing but zeros"),
            (b"text\n", "no kernel module"),
            (&module[..100], "no kernel module"),
            (&program, "not a relocatable"),
            (&elf(".text", b"x"), "no .modinfo section"),
        ] {
            assert!(told(content, "").contains(expected), "{expected}: {}", told(content, ""));
        }
    }
}
