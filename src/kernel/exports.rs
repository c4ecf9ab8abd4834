//! Who may use the symbols that a kernel exports: modules with a licence like the GPL only, or those that import a namespace.
//!
//! Formats: Documentation/kbuild/modules.rst (Module.symvers since Linux 5.7), `license_is_gpl_compatible` in
//! include/linux/license.h, `import_ns` of Documentation/core-api/symbol-namespaces.rst.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use object::{Object, ObjectSymbol};

use super::ModInfo;

/// Symbols that not every module may use, as Module.symvers list them: read when a module is looked at that uses some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits(Vec<String>);

#[derive(Debug, Clone, Copy)]
struct Limit<'a> {
    is_gpl_only: bool,
    /// Empty: it is in none.
    namespace: &'a str,
}

/// A symbol that a module uses and may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Barred {
    GplOnly { symbol: String, license: String },
    Namespace { symbol: String, namespace: String },
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Barred::GplOnly { symbol, license } => {
                write!(f, "it uses {symbol}, which is for modules under the GPL only, and its licence is `{license}`")
            }
            Barred::Namespace { symbol, namespace } => {
                write!(f, "it uses {symbol} of the namespace {namespace}, which it does not import")
            }
        }
    }
}

/// Licences that let a module use everything.
const LIKE_GPL: [&str; 6] =
    ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/// The symbols that a module does not have itself.
pub(super) fn used<'f>(elf: &'f object::File<'_>) -> impl Iterator<Item = &'f str> {
    elf.symbols().filter(object::ObjectSymbol::is_undefined).filter_map(|symbol| symbol.name().ok())
}

impl Limits {
    /// Adds what a Module.symvers says: lines of checksum, symbol, module, kind, namespace, with tabs between them.
    pub(super) fn add(&mut self, symvers: &str) {
        self.0.push(symvers.to_owned());
    }

    /// What is said of these symbols, by the last list that says something.
    fn of<'a>(&'a self, symbols: &BTreeSet<&str>) -> BTreeMap<&'a str, Limit<'a>> {
        let limit = |line: &'a str| {
            let mut words = line.split('\t').skip(1);
            let symbol = words.next().filter(|symbol| symbols.contains(symbol))?;
            let (kind, namespace) = (words.nth(1)?, words.next().unwrap_or_default());
            let is_gpl_only = kind == "EXPORT_SYMBOL_GPL";
            let is_limited = is_gpl_only || (kind == "EXPORT_SYMBOL" && !namespace.is_empty());
            is_limited.then_some((symbol, Limit { is_gpl_only, namespace }))
        };
        self.0.iter().flat_map(|symvers| symvers.lines()).filter_map(limit).collect()
    }

    /// The first of the symbols that a module uses and may not.
    pub(super) fn barred<'s>(&self, used: impl Iterator<Item = &'s str>, info: &ModInfo) -> Option<Barred> {
        let used: Vec<&str> = used.collect();
        let limits = self.of(&used.iter().copied().collect());
        let license = info.get("license").unwrap_or_default();
        let is_imported = |namespace: &str| {
            namespace.is_empty()
                || info.all("import_ns").any(|own| own == namespace)
                // Namespaces for named modules only; whether this is one of them is asked by name when it is loaded.
                || namespace.starts_with("module:")
        };
        used.into_iter().find_map(|name| {
            let Limit { is_gpl_only, namespace } = *limits.get(name)?;
            let symbol = name.to_owned();
            if is_gpl_only && !LIKE_GPL.contains(&license) {
                return Some(Barred::GplOnly { symbol, license: license.to_owned() });
            }
            (!is_imported(namespace)).then(|| Barred::Namespace { symbol, namespace: namespace.to_owned() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_for_the_gpl_and_of_namespaces_are_not_for_every_module() {
        let mut limits = Limits::default();
        limits.add(
            "0x1\tfree\tvmlinux\tEXPORT_SYMBOL\t\n0x2\town\tvmlinux\tEXPORT_SYMBOL_GPL\t\n\
             0x3\tspaced\tdrivers/a\tEXPORT_SYMBOL\tROOM\nodd\n0x4\told\tROOM\tdrivers/a\tEXPORT_SYMBOL\n",
        );
        for (needs, info, expected) in [
            ("free", "license=Proprietary", None),
            ("unknown", "license=Proprietary", None),
            ("old", "license=Proprietary", None),
            ("own", "license=Dual MIT/GPL", None),
            ("own", "license=Proprietary", Some("for modules under the GPL only, and its licence is `Proprietary`")),
            ("own", "author=x", Some("its licence is ``")),
            ("spaced", "license=GPL", Some("of the namespace ROOM, which it does not import")),
            ("spaced", "license=GPL\0import_ns=OTHER\0import_ns=ROOM", None),
        ] {
            let info = ModInfo::parse(&super::super::modinfo::tests::elf(".modinfo", info.as_bytes())).unwrap();
            let barred = limits.barred([needs].into_iter(), &info);
            assert_eq!(barred.is_some(), expected.is_some(), "{needs} {info:?}: {barred:?}");
            assert!(barred.is_none_or(|barred| barred.to_string().contains(expected.unwrap_or_default())), "{needs}");
        }
    }
}
