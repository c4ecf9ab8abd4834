//! The release of DKMS that a dkms.conf asks for: an older one reads past what it does not know, and builds what must not be
//! built, or in another order.

use crate::package::module::lint::assignments;

/// Directives that came after 2.1, with the first release that acts on them.
///
/// Sources: the changelogs of Debian's dkms (3.0.11-1: BUILD_EXCLUSIVE_CONFIG, _KERNEL_MIN and _MAX) and of openSUSE's (2.3:
/// BUILD_DEPENDS, NO_WEAK_MODULES; 3.2.0: rebuilding what depends on a module; 3.3.0: BUILD_EXCLUSIVE_… of one module).
const SINCE: [(&str, &str); 6] = [
    ("BUILD_DEPENDS", "2.3"),
    ("NO_WEAK_MODULES", "2.3"),
    ("BUILD_EXCLUSIVE_CONFIG", "3.0.11"),
    ("BUILD_EXCLUSIVE_KERNEL_MIN", "3.0.11"),
    ("BUILD_EXCLUSIVE_KERNEL_MAX", "3.0.11"),
    ("BUILD_DEPENDS_REBUILD", "3.2.0"),
];
/// The release from which on [`PER_MODULE`] count for one module.
const SINGLE: &str = "3.3.0";
/// Directives of the whole package that, with an index after 0, are those of a module.
const PER_MODULE: &str = "BUILD_EXCLUSIVE_";

/// The releases that distributions have. Source: their archives.
const DISTRIBUTIONS: [(&str, &str); 3] = [("debian11", "2.8.4"), ("debian12", "3.0.10"), ("debian13", "3.2.2")];

/// A release of DKMS, and the directive that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) release: &'static str,
    pub(crate) directive: String,
}

impl Least {
    /// What a person should know who makes a package for this distribution, or for all that read its format (None).
    pub(crate) fn warning(&self, distribution: Option<&str>) -> Option<String> {
        let is_asked = |name: &str| distribution.is_none_or(|asked| asked == name);
        let is_too_old = |has: &str| crate::version::compare(has, self.release) == std::cmp::Ordering::Less;
        let (name, has) = DISTRIBUTIONS.iter().rfind(|(name, has)| is_asked(name) && is_too_old(has))?;
        Some(format!(
            "{name} has dkms {has}, and {} asks for {}: the package can be installed there only beside a newer one",
            self.directive, self.release
        ))
    }
}

/// The youngest release that the directives of a dkms.conf ask for; None: any that is still in use will do.
pub(crate) fn least(text: &str) -> Option<Least> {
    let asked = assignments(text).filter_map(|(_, name, rest)| {
        let (index, value) = rest.split_once('=')?;
        let is_empty = matches!(value.trim(), "" | "\"\"" | "''") && index.is_empty();
        let is_single = name.starts_with(PER_MODULE) && !matches!(index, "" | "+" | "[0]" | "[0]+");
        let release = if is_single { SINGLE } else { SINCE.iter().find(|(known, _)| *known == name)?.1 };
        let directive = if is_single { format!("{name}{index}") } else { name.to_owned() };
        (!is_empty).then_some(Least { release, directive })
    });
    // The first of those that ask for the same.
    asked.reduce(|one, other| match crate::version::compare(one.release, other.release) {
        std::cmp::Ordering::Less => other,
        _ => one,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_ask_for_the_release_that_knows_them() {
        let cases = [
            ("MAKE=\"make\"\nAUTOINSTALL=yes\n", ""),
            ("BUILD_EXCLUSIVE_KERNEL=\"^6\"\n", ""),
            ("BUILD_DEPENDS=\"a b\"\n", "2.3 for BUILD_DEPENDS"),
            ("BUILD_EXCLUSIVE_CONFIG=\"CONFIG_PCI\"\nBUILD_DEPENDS[0]=a\n", "3.0.11 for BUILD_EXCLUSIVE_CONFIG"),
            ("# BUILD_EXCLUSIVE_CONFIG=x\nBUILD_EXCLUSIVE_KERNEL_MIN=\"\"\n", ""),
            ("if x; then\n  BUILD_EXCLUSIVE_KERNEL_MAX=6.1\nfi\n", "3.0.11 for BUILD_EXCLUSIVE_KERNEL_MAX"),
            ("BUILD_DEPENDS_REBUILD=yes\nBUILD_DEPENDS=a\n", "3.2.0 for BUILD_DEPENDS_REBUILD"),
            ("BUILD_EXCLUSIVE_ARCH[0]=x\n", ""),
            ("BUILD_EXCLUSIVE_ARCH[2]=x\nBUILD_EXCLUSIVE_CONFIG=x", "3.3.0 for BUILD_EXCLUSIVE_ARCH[2]"),
        ];
        for (text, expected) in cases {
            let told = least(text).map_or(String::new(), |least| format!("{} for {}", least.release, least.directive));
            assert_eq!(told, expected, "{text}");
        }
    }
}
