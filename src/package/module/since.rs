//! The release of DKMS that a dkms.conf asks for: an older one reads past what it does not know, and builds in another order, or
//! not again. What only keeps a build from being tried asks for none: without it the build fails, as it would anyway, and the
//! package still brings its module to every kernel that suits it, under any DKMS.

use crate::package::module::lint::assignments;

/// Directives that came after 2.1, with the first release that acts on them.
///
/// Source: the changelog of openSUSE's dkms (2.3: BUILD_DEPENDS, NO_WEAK_MODULES; 3.2.0: rebuilding what depends on a module).
const SINCE: [(&str, &str); 3] =
    [("BUILD_DEPENDS", "2.3"), ("NO_WEAK_MODULES", "2.3"), ("BUILD_DEPENDS_REBUILD", "3.2.0")];

/// The releases that distributions have. Source: their archives.
const DISTRIBUTIONS: [(&str, &str); 3] = [("debian11", "2.8.4"), ("debian12", "3.0.10"), ("debian13", "3.2.2")];

/// A release of DKMS, and the directive that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) release: &'static str,
    pub(crate) directive: &'static str,
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
        let (directive, release) = SINCE.iter().find(|(known, _)| *known == name)?;
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
            ("BUILD_EXCLUSIVE_KERNEL=\"^6\"\nBUILD_EXCLUSIVE_CONFIG=\"CONFIG_PCI\"\n", ""),
            ("BUILD_DEPENDS=\"a b\"\n", "2.3 for BUILD_DEPENDS"),
            ("# BUILD_DEPENDS=x\nNO_WEAK_MODULES=\"\"\n", ""),
            ("if x; then\n  NO_WEAK_MODULES=yes\nfi\n", "2.3 for NO_WEAK_MODULES"),
            ("BUILD_DEPENDS_REBUILD=yes\nBUILD_DEPENDS=a\n", "3.2.0 for BUILD_DEPENDS_REBUILD"),
        ];
        for (text, expected) in cases {
            let told = least(text).map_or(String::new(), |least| format!("{} for {}", least.release, least.directive));
            assert_eq!(told, expected, "{text}");
        }
    }
}
