//! The options that Kconfig files of a source declare. No kernel has them: the call of make must set them.
//!
//! Source: the kernel's Documentation/kbuild/kconfig-language.rst.

use std::collections::BTreeMap;

use super::world::cleaned;

/// What the kernel's make must be told of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// A module of its own.
    Module,
    /// A part that is on unless somebody switches it off.
    On,
    /// A part that somebody would have to switch on, a test, or what only works with one.
    Off,
}

#[derive(Default)]
struct Entry {
    is_bool: bool,
    is_on: bool,
    /// It, or what it depends on, is there for tests.
    is_test: bool,
}

/// `CONFIG_NAME` of each with its setting.
pub(super) fn options(files: &BTreeMap<String, String>) -> BTreeMap<String, Setting> {
    let is_kconfig = |path: &str| path.rsplit('/').next().is_some_and(|name| name.starts_with("Kconfig"));
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (_, text) in files.iter().filter(|(path, _)| is_kconfig(path)) {
        read(text, &mut entries);
    }
    let setting = |entry: Entry| match entry {
        Entry { is_test: true, .. } => Setting::Off,
        Entry { is_bool: false, .. } => Setting::Module,
        Entry { is_on: true, .. } => Setting::On,
        Entry { .. } => Setting::Off,
    };
    entries.into_iter().map(|(name, entry)| (name, setting(entry))).collect()
}

fn read(text: &str, entries: &mut BTreeMap<String, Entry>) {
    let mut open: Option<String> = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match first {
            "config" | "menuconfig" => {
                let is_name = !second.is_empty() && second.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                open = is_name.then(|| format!("CONFIG_{}", cleaned(second)));
                if let Some(name) = &open {
                    entries.entry(name.clone()).or_default().is_test |= is_test(second);
                }
                continue;
            }
            "if" | "endif" | "menu" | "endmenu" | "choice" | "endchoice" | "source" | "comment" => open = None,
            _ => {}
        }
        let Some(entry) = open.as_ref().and_then(|name| entries.get_mut(name)) else { continue };
        match first {
            "bool" | "def_bool" | "int" | "hex" | "string" => {
                entry.is_bool = true;
                entry.is_on |= first == "def_bool" && second == "y";
            }
            "default" => entry.is_on |= second == "y",
            "depends" => {
                let all = line.split_once(" on ").map_or("", |(_, all)| all);
                entry.is_test |= all.split("&&").any(|one| ["KUNIT", "KUNIT=y", "BROKEN"].contains(&one.trim()));
            }
            _ => {}
        }
    }
}

/// Whether a name is one of tests.
fn is_test(name: &str) -> bool {
    let mut parts = name.split('_');
    parts.any(|part| ["KUNIT", "TEST", "TESTS", "SELFTEST", "SELFTESTS", "KSELFTEST"].contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_modules_and_what_is_on_by_itself_are_set() {
        let cases = [
            ("config A\n\ttristate \"a\"\n", Setting::Module),
            ("config A\n", Setting::Module),
            ("menuconfig A\n tristate \"a\"\n default n\n depends on USB && PCI\n", Setting::Module),
            ("config A\n\tbool \"a\"\n", Setting::Off),
            ("config A\n\tbool \"a\"\n\tdefault y\n", Setting::On),
            ("config A\n\tdef_bool y\n", Setting::On),
            ("config A\n\tstring \"a\"\n\tdefault \"x\"\n", Setting::Off),
            ("config A\n\ttristate \"a\" if !KUNIT_ALL_TESTS\n\tdepends on B && KUNIT\n", Setting::Off),
            ("config A\n\ttristate \"a\"\n\tdepends on BROKEN\n", Setting::Off),
            ("config A\n\ttristate \"a\"\n\tdepends on KUNIT || COMPILE_TEST\n", Setting::Module),
        ];
        for (text, expected) in cases {
            let files = BTreeMap::from([("x/Kconfig".to_owned(), text.to_owned())]);
            assert_eq!(options(&files).get("CONFIG_A"), Some(&expected), "{text}");
        }
        for name in ["FOO_KUNIT_TEST", "FOO_TEST", "TEST_FOO", "FOO_SELFTEST"] {
            let files = BTreeMap::from([("Kconfig".to_owned(), format!("config {name}\n\ttristate \"a\"\n"))]);
            assert_eq!(options(&files).into_values().collect::<Vec<_>>(), [Setting::Off], "{name}");
        }
        assert!(options(&BTreeMap::from([("Kconfig".to_owned(), "config\nconfig a;b\n".to_owned())])).is_empty());
    }
}
