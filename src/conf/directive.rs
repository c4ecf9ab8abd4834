//! The names of dkms.conf: which are directives, in which order the second evaluation takes them, which are history.

/// Every name taken from a dkms.conf, in the order in which the shell original prints them for the second evaluation
/// (observed: `$PACKAGE_NAME` in single quotes works in MAKE, `$MAKE` in PRE_BUILD does not).
pub(crate) const NAMES: [&str; 35] = [
    "CLEAN",
    "PACKAGE_NAME",
    "PACKAGE_VERSION",
    "POST_ADD",
    "POST_BUILD",
    "POST_INSTALL",
    "POST_REMOVE",
    "PRE_BUILD",
    "PRE_INSTALL",
    "BUILD_DEPENDS",
    "BUILD_DEPENDS_REBUILD",
    "BUILD_EXCLUSIVE_KERNEL",
    "BUILD_EXCLUSIVE_KERNEL_MIN",
    "BUILD_EXCLUSIVE_KERNEL_MAX",
    "BUILD_EXCLUSIVE_ARCH",
    "BUILD_EXCLUSIVE_CONFIG",
    "build_exclude",
    "OBSOLETE_BY",
    "MAKE",
    "MAKE_MATCH",
    "PATCH",
    "PATCH_MATCH",
    "BUILT_MODULE_NAME",
    "BUILT_MODULE_LOCATION",
    "DEST_MODULE_NAME",
    "DEST_MODULE_LOCATION",
    "STRIP",
    "AUTOINSTALL",
    "NO_WEAK_MODULES",
    "REMAKE_INITRD",
    "MODULES_CONF",
    "MODULES_CONF_OBSOLETES",
    "MODULES_CONF_ALIAS_TYPE",
    "MODULES_CONF_OBSOLETE_ONLY",
    "BUILD_MODULE_NAME",
];

/// The arrays whose highest index says how many modules there are.
pub(super) const PER_MODULE: [&str; 4] =
    ["BUILT_MODULE_NAME", "BUILT_MODULE_LOCATION", "DEST_MODULE_NAME", "DEST_MODULE_LOCATION"];

/// Directives that are accepted, do nothing any more, and are worth a notice. CLEAN does nothing either, but stands in
/// nearly every file.
pub(super) const OBSOLETE: [&str; 5] = [
    "REMAKE_INITRD",
    "MODULES_CONF",
    "MODULES_CONF_OBSOLETES",
    "MODULES_CONF_ALIAS_TYPE",
    "MODULES_CONF_OBSOLETE_ONLY",
];

/// Misspellings seen in the wild, and what was meant.
pub(super) const TYPOS: [(&str, &str); 1] = [("BUILD_MODULE_NAME", "BUILT_MODULE_NAME")];

/// Whether a name may be given with `--directive`.
pub(crate) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}
