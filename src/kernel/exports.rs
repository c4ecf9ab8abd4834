//! Who may use the symbols that a kernel exports: modules with a licence like the GPL only, or those that import a namespace.
//!
//! Formats: Documentation/kbuild/modules.rst (Module.symvers since Linux 5.7), `license_is_gpl_compatible` in
//! include/linux/license.h, `import_ns` of Documentation/core-api/symbol-namespaces.rst.

use std::collections::BTreeMap;
use std::fmt;

use object::{Object, ObjectSymbol};

use super::ModInfo;

/// Symbols that not every module may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits(BTreeMap<String, Limit>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit {
    is_gpl_only: bool,
    /// Empty: it is in none.
    namespace: String,
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
        for line in symvers.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            let [_, symbol, _, kind, rest @ ..] = words.as_slice() else { continue };
            let (is_gpl_only, namespace) = (*kind == "EXPORT_SYMBOL_GPL", rest.first().copied().unwrap_or_default());
            if is_gpl_only || (*kind == "EXPORT_SYMBOL" && !namespace.is_empty()) {
                self.0.insert((*symbol).to_owned(), Limit { is_gpl_only, namespace: namespace.to_owned() });
            }
        }
    }

    /// The first of the symbols that a module uses and may not.
    pub(super) fn barred<'s>(&self, mut used: impl Iterator<Item = &'s str>, info: &ModInfo) -> Option<Barred> {
        let license = info.get("license").unwrap_or_default();
        let is_imported = |namespace: &str| {
            namespace.is_empty()
                || info.all("import_ns").any(|own| own == namespace)
                // Namespaces for named modules only; whether this is one of them is asked by name when it is loaded.
                || namespace.starts_with("module:")
        };
        used.find_map(|name| {
            let limit = self.0.get(name)?;
            if limit.is_gpl_only && !LIKE_GPL.contains(&license) {
                return Some(Barred::GplOnly { symbol: name.to_owned(), license: license.to_owned() });
            }
            let namespace = Some(limit.namespace.clone()).filter(|namespace| !is_imported(namespace))?;
            Some(Barred::Namespace { symbol: name.to_owned(), namespace })
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
