//! /usr/share/dkms/modules_to_force_install: modules whose packages ask to be installed as with an option.

use std::collections::BTreeSet;

use crate::ids::ModuleName;
use crate::step::Switch;
use crate::sys::System;

const FOLDER: &str = "/usr/share/dkms/modules_to_force_install";

/// The switches that the files there turn on for this module: `NAME` is `--force`, `NAME_version-override` is
/// `--force-version-override`. Files that cannot be read count as empty.
pub(crate) fn switches(system: &System, name: &ModuleName) -> BTreeSet<Switch> {
    let Ok(files) = fs_err::read_dir(system.path(FOLDER)) else { return BTreeSet::new() };
    let texts = files.flatten().filter_map(|entry| fs_err::read_to_string(entry.path()).ok());
    texts.flat_map(|text| named(&text, name)).collect()
}

fn named(text: &str, name: &ModuleName) -> Vec<Switch> {
    let switch = |word: &str| match word.strip_prefix(name.as_str())? {
        "" => Some(Switch::Force),
        "_version-override" => Some(Switch::SkipVersionCheck),
        _ => None,
    };
    text.split_whitespace().filter_map(switch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_count() {
        let name = ModuleName::new("foo").unwrap();
        for (text, switches) in [
            ("foo\n", vec![Switch::Force]),
            ("bar\nfoo_version-override\n", vec![Switch::SkipVersionCheck]),
            ("foobar\nfoo-x\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(named(text, &name), switches, "{text:?}");
        }
    }
}
