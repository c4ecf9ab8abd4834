//! Symbol versions (CONFIG_MODVERSIONS): those that a module was built against, and lists of those that are offered.
//!
//! Formats: `struct modversion_info` in include/linux/module.h, `__version_ext_crcs` and `__version_ext_names` of Linux 6.14
//! (scripts/mod/modpost.c), Module.symvers in Documentation/kbuild/modules.rst of Linux.

use std::collections::BTreeMap;

use object::{Object, ObjectSection};

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

/// A symbol that a module needs in another version than is offered: it is not loaded then. One that is not offered at all may
/// be that of another module.
pub(crate) fn unfit<'n>(needed: &'n [Symbol], offered: &[Symbol]) -> Option<&'n Symbol> {
    let offered: BTreeMap<&str, u32> = offered.iter().map(|symbol| (symbol.name.as_str(), symbol.crc)).collect();
    needed.iter().find(|symbol| offered.get(symbol.name.as_str()).is_some_and(|crc| *crc != symbol.crc))
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
        let offered = symbols(&[("printk", 1), ("module_layout", 2)]);
        for (needed, expected) in [
            (&[("printk", 1), ("module_layout", 2)][..], None),
            (&[("of_another_module", 7)], None),
            (&[("printk", 1), ("module_layout", 3)], Some("module_layout")),
            (&[], None),
        ] {
            let needed = symbols(needed);
            assert_eq!(unfit(&needed, &offered).map(|symbol| symbol.name.as_str()), expected);
        }
    }

    #[test]
    fn lists_of_exports_are_read_whatever_else_they_say() {
        let text =
            "0x1234abcd\tfoo\tdrivers/foo\tEXPORT_SYMBOL_GPL\tNS\n0x00000001\tbar\tvmlinux\tEXPORT_SYMBOL\nodd\nx\ty\n";
        assert_eq!(shown(&listed(text)), ["foo 1234abcd", "bar 00000001"]);
    }
}
