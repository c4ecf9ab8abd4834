//! Symbol versions (CONFIG_MODVERSIONS): those that a module was built against, and lists of those that are offered.
//!
//! Formats: `struct modversion_info` in include/linux/module.h, `__version_ext_crcs` and `__version_ext_names` of Linux 6.14
//! (scripts/mod/modpost.c), Module.symvers in Documentation/kbuild/modules.rst of Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use object::{Object, ObjectSection};

use super::ModInfo;
use super::exports::{self, Limits};

/// A symbol with the checksum of its type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) crc: u32,
}

/// Bytes of one `struct modversion_info`: the checksum in an unsigned long, the name in the rest.
const ENTRY: usize = 64;

/// What an uncompressed module needs, sorted; nothing when it was built without symbol versions. The error is the reason,
/// in a few words.
pub(crate) fn needed(module: &[u8]) -> Result<Vec<Symbol>, String> {
    let elf = object::File::parse(module).map_err(|error| error.to_string())?;
    let section = |name: &str| {
        let section = elf.section_by_name(name);
        section.map(|section| section.data()).transpose().map(Option::unwrap_or_default)
    };
    let read = |name: &str| section(name).map_err(|error| error.to_string());
    let word = if elf.is_64() { 8 } else { 4 };
    let crc =
        |bytes: &[u8; 4]| if elf.is_little_endian() { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) };
    let plain = |entry: &[u8]| {
        let (number, name) = entry.split_at(word);
        let number = if elf.is_little_endian() { number.first_chunk() } else { number.last_chunk() };
        Some(Symbol { name: text(name.split(|byte| *byte == 0).next()?)?, crc: crc(number?) })
    };
    let mut symbols: Vec<Symbol> = read("__versions")?.chunks_exact(ENTRY).filter_map(plain).collect();
    let (numbers, names) = (read("__version_ext_crcs")?, read("__version_ext_names")?);
    let long = |(number, name): (&[u8], &[u8])| Some(Symbol { name: text(name)?, crc: crc(number.first_chunk()?) });
    symbols.extend(numbers.chunks_exact(4).zip(names.split(|byte| *byte == 0)).filter_map(long));
    symbols.sort();
    symbols.dedup();
    Ok(symbols)
}

/// What a Module.symvers lists: lines of checksum, symbol, module and kind, with tabs between them.
pub(crate) fn listed(symvers: &str) -> Vec<Symbol> {
    let line = |line: &str| {
        let mut words = line.split('\t');
        let crc = u32::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok()?;
        Some(Symbol { name: text(words.next()?.as_bytes())?, crc })
    };
    symvers.lines().filter_map(line).collect()
}

/// Symbols with the versions in which they are offered: more than one where a module takes the place of the kernel's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offered {
    versions: BTreeMap<String, BTreeSet<u32>>,
    /// Those that not every module may use.
    pub(super) limits: Limits,
}

impl Offered {
    /// What a Module.symvers lists.
    pub(crate) fn listed(symvers: &str) -> Self {
        let mut offered = Self::default();
        offered.add(symvers);
        offered
    }

    /// Adds what another Module.symvers lists.
    pub(crate) fn add(&mut self, symvers: &str) {
        for symbol in listed(symvers) {
            self.versions.entry(symbol.name).or_default().insert(symbol.crc);
        }
        self.limits.add(symvers);
    }

    /// The first symbol that is offered, and not in the version that is needed: such a module is not loaded. One that is not
    /// offered at all may be that of another module.
    pub(crate) fn other(&self, needed: &[Symbol]) -> Option<Other> {
        needed.iter().find_map(|Symbol { name, crc }| {
            let offered = self.versions.get(name).filter(|offered| !offered.contains(crc))?;
            Some(Other { name: name.clone(), needed: *crc, offered: *offered.first()? })
        })
    }

    /// Whether an uncompressed module needs one of the symbols in another version, or may not use it.
    pub(crate) fn refuses(&self, module: &[u8]) -> bool {
        let is_barred = || {
            let elf = object::File::parse(module).ok()?;
            self.limits.barred(exports::used(&elf), &ModInfo::parse(module).ok()?)
        };
        needed(module).is_ok_and(|needed| self.other(&needed).is_some()) || is_barred().is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }
}

impl FromIterator<Symbol> for Offered {
    fn from_iter<T: IntoIterator<Item = Symbol>>(symbols: T) -> Self {
        let mut offered = Self::default();
        for symbol in symbols {
            offered.versions.entry(symbol.name).or_default().insert(symbol.crc);
        }
        offered
    }
}

/// A symbol that is needed in another version than is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Other {
    name: String,
    needed: u32,
    offered: u32,
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, needed, offered } = self;
        write!(f, "it needs {name} in version {needed:#010x}, and {offered:#010x} is offered")
    }
}

/// A name as C has it: what else stands there cannot be a symbol, and must not come into the metadata of a package.
fn text(name: &[u8]) -> Option<String> {
    let sound = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$".contains(byte));
    sound.then(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::modinfo::tests::elf;
    use super::*;

    fn entry(crc: u64, name: &str) -> Vec<u8> {
        let mut bytes = crc.to_le_bytes().to_vec();
        bytes.extend(name.as_bytes());
        bytes.resize(ENTRY, 0);
        bytes
    }

    fn shown(symbols: &[Symbol]) -> Vec<String> {
        symbols.iter().map(|symbol| format!("{} {:08x}", symbol.name, symbol.crc)).collect()
    }

    #[test]
    fn a_module_names_what_it_was_built_against() {
        let table = [entry(0x0012_3456, "printk"), entry(0xffff_0001, "module_layout"), entry(1, "a b"), entry(2, "")];
        let module = elf("__versions", &[table.concat(), vec![0; 10]].concat());
        assert_eq!(shown(&needed(&module).unwrap()), ["module_layout ffff0001", "printk 00123456"]);
        assert!(needed(&elf(".modinfo", b"license=GPL\0")).unwrap().is_empty());
        assert!(needed(b"no module").is_err());
    }

    #[test]
    fn a_symbol_of_another_version_is_unfit_and_one_that_is_not_offered_is_not() {
        let symbols = |words: &[(&str, u32)]| -> Vec<Symbol> {
            words.iter().map(|(name, crc)| Symbol { name: (*name).to_owned(), crc: *crc }).collect()
        };
        let offered: Offered =
            symbols(&[("printk", 1), ("module_layout", 2), ("twice", 1), ("twice", 2)]).into_iter().collect();
        for (needed, expected) in [
            (&[("printk", 1), ("module_layout", 2)][..], None),
            (&[("of_another_module", 7)], None),
            (&[("twice", 1)], None),
            (&[("twice", 2)], None),
            (
                &[("printk", 1), ("module_layout", 3)],
                Some("it needs module_layout in version 0x00000003, and 0x00000002 is offered"),
            ),
            (&[], None),
        ] {
            assert_eq!(offered.other(&symbols(needed)).map(|other| other.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn lists_of_exports_are_read_whatever_else_they_say() {
        let text =
            "0x1234abcd\tfoo\tdrivers/foo\tEXPORT_SYMBOL_GPL\tNS\n0x00000001\tbar\tvmlinux\tEXPORT_SYMBOL\nodd\nx\ty\n";
        assert_eq!(shown(&listed(text)), ["foo 1234abcd", "bar 00000001"]);
    }
}
