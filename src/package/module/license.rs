//! The licence of a package as one SPDX expression.

use std::collections::{BTreeMap, BTreeSet};

use crate::package::module::survey::Survey;

/// MODULE_LICENSE idents (include/linux/module.h, Documentation/process/license-rules.rst) as SPDX expressions. The
/// kernel's "GPL" does not say whether later versions are allowed; the narrower reading is safe.
const MODULE_LICENSES: [(&str, &str); 8] = [
    ("GPL", "GPL-2.0-only"),
    ("GPL v2", "GPL-2.0-only"),
    ("GPL and additional rights", "GPL-2.0-or-later"),
    ("Dual BSD/GPL", "BSD-3-Clause OR GPL-2.0-only"),
    ("Dual MIT/GPL", "MIT OR GPL-2.0-only"),
    ("Dual MPL/GPL", "MPL-1.1 OR GPL-2.0-only"),
    ("Apache-2.0", "Apache-2.0"),
    ("Proprietary", "LicenseRef-Proprietary"),
];

/// Identifiers that SPDX has since renamed.
const RENAMED: [(&str, &str); 6] = [
    ("GPL-2.0", "GPL-2.0-only"),
    ("GPL-2.0+", "GPL-2.0-or-later"),
    ("GPL-3.0", "GPL-3.0-only"),
    ("GPL-3.0+", "GPL-3.0-or-later"),
    ("LGPL-2.1", "LGPL-2.1-only"),
    ("LGPL-2.1+", "LGPL-2.1-or-later"),
];

/// What stands for a licence that the source does not name.
pub(crate) const UNKNOWN: &str = "LicenseRef-Unknown";

/// The licence that the sources name: SPDX tags, and the words of files without one, joined with AND, else MODULE_LICENSE.
pub(crate) fn from_sources(survey: &Survey) -> Option<String> {
    let tags: BTreeSet<String> =
        survey.spdx.iter().map(|tag| modern(tag)).chain(survey.worded.iter().cloned()).collect();
    if !tags.is_empty() {
        return Some(join(&tags));
    }
    let spdx = |ident: &String| {
        let known = MODULE_LICENSES.iter().find(|(name, _)| name == ident);
        known.map_or_else(|| format!("LicenseRef-{}", reference(ident)), |(_, spdx)| (*spdx).to_owned())
    };
    let named: BTreeSet<String> = survey.licenses.iter().map(spdx).collect();
    (!named.is_empty()).then(|| join(&named))
}

/// Files under one licence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) license: String,
    pub(crate) files: Vec<String>,
    pub(crate) holders: Vec<String>,
}

/// The files under each licence, where there are several.
pub(crate) fn parts(survey: &Survey) -> Vec<Part> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for marked in &survey.marked {
        let license = modern(&marked.license);
        let part = parts.entry(license.clone()).or_insert_with(|| Part { license, ..Part::default() });
        part.files.push(marked.path.clone());
        let known = part.holders.clone();
        part.holders.extend(marked.holders.iter().filter(|holder| !known.contains(holder)).cloned());
    }
    if parts.len() < 2 { Vec::new() } else { parts.into_values().collect() }
}

fn modern(tag: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['(', ')']);
        RENAMED.iter().find(|(old, _)| *old == bare).map_or_else(|| word.to_owned(), |(_, new)| word.replace(bare, new))
    };
    tag.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn join(parts: &BTreeSet<String>) -> String {
    let group = |part: &String| {
        let whole = part.starts_with('(') && part.ends_with(')');
        if parts.len() > 1 && part.contains(" OR ") && !whole { format!("({part})") } else { part.clone() }
    };
    parts.iter().map(group).collect::<Vec<_>>().join(" AND ")
}

fn reference(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    plain.trim_matches('-').to_owned()
}

/// The file below /usr/share/common-licenses that holds a licence's text on Debian, with the licence's name in
/// copyright files.
pub(crate) fn debian(expression: &str) -> Vec<(String, Option<&'static str>)> {
    let common = [
        ("LGPL-2.1", "LGPL-2.1"),
        ("LGPL-2", "LGPL-2"),
        ("LGPL-3", "LGPL-3"),
        ("GPL-1", "GPL-1"),
        ("GPL-2", "GPL-2"),
        ("GPL-3", "GPL-3"),
        ("Apache-2.0", "Apache-2.0"),
        ("MPL-1.1", "MPL-1.1"),
        ("MPL-2.0", "MPL-2.0"),
        ("CC0-1.0", "CC0-1.0"),
    ];
    let mut names: Vec<&str> = expression
        .split([' ', '(', ')'])
        .filter(|word| !word.is_empty() && !["AND", "OR", "WITH"].contains(word))
        .filter(|word| !word.ends_with("-note"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let file = common.iter().find(|(start, _)| name.starts_with(start)).map(|(_, file)| *file);
            (debian_name(name), file)
        })
        .collect()
}

/// GPL-2.0-or-later → GPL-2+ (copyright-format 1.0, "Short license name").
pub(crate) fn debian_name(spdx: &str) -> String {
    let word = |word: &str| {
        let plain = word.replace("-only", "").replace("-or-later", "+");
        let gpl = plain.contains("GPL-");
        if gpl { plain.replace("2.0", "2").replace("3.0", "3").replace("1.0", "1") } else { plain }
    };
    let lower = |part: &str| match part {
        "AND" => "and".to_owned(),
        "OR" => "or".to_owned(),
        "WITH" => "with".to_owned(),
        part => word(part.trim_matches(['(', ')'])),
    };
    spdx.split_whitespace().map(lower).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::module::survey::Marked;

    fn survey(spdx: &[&str], licenses: &[&str]) -> Survey {
        Survey {
            spdx: spdx.iter().map(|tag| (*tag).to_owned()).collect(),
            licenses: licenses.iter().map(|name| (*name).to_owned()).collect(),
            ..Survey::default()
        }
    }

    #[test]
    fn sources_give_one_expression() {
        /// SPDX tags, MODULE_LICENSE idents, what comes of them.
        type Case = (&'static [&'static str], &'static [&'static str], Option<&'static str>);
        let cases: [Case; 6] = [
            (&["GPL-2.0"], &["GPL"], Some("GPL-2.0-only")),
            (&["GPL-2.0+", "MIT"], &[], Some("GPL-2.0-or-later AND MIT")),
            (&["GPL-2.0 OR MIT", "BSD-3-Clause"], &[], Some("BSD-3-Clause AND (GPL-2.0-only OR MIT)")),
            (&[], &["Dual BSD/GPL"], Some("BSD-3-Clause OR GPL-2.0-only")),
            (&[], &["Vendor's own, v1"], Some("LicenseRef-Vendor-s-own--v1")),
            (&[], &[], None),
        ];
        for (spdx, licenses, expected) in cases {
            assert_eq!(from_sources(&survey(spdx, licenses)).as_deref(), expected);
        }
    }

    #[test]
    fn tags_and_notices_count_together() {
        let mixed = Survey { worded: ["GPL-2.0-or-later".to_owned()].into(), ..survey(&["MIT"], &["GPL"]) };
        assert_eq!(from_sources(&mixed).as_deref(), Some("GPL-2.0-or-later AND MIT"));
    }

    #[test]
    fn files_are_told_apart_where_licences_differ() {
        let marked = |path: &str, license: &str, holder: &str| Marked {
            path: path.to_owned(),
            license: license.to_owned(),
            holders: vec![holder.to_owned()],
        };
        let one = Survey {
            marked: vec![marked("a.c", "GPL-2.0", "2001 A"), marked("b.c", "GPL-2.0-only", "2002 B")],
            ..Survey::default()
        };
        assert_eq!(parts(&one), []);
        let two = Survey {
            marked: vec![marked("c.h", "MIT", "2003 C"), one.marked[0].clone(), one.marked[1].clone()],
            ..Survey::default()
        };
        let found: Vec<_> = parts(&two).into_iter().map(|part| (part.license, part.files, part.holders)).collect();
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found,
            [
                ("GPL-2.0-only".to_owned(), texts(&["a.c", "b.c"]), texts(&["2001 A", "2002 B"])),
                ("MIT".to_owned(), texts(&["c.h"]), texts(&["2003 C"])),
            ]
        );
    }

    #[test]
    fn debian_names_point_to_the_common_licences() {
        assert_eq!(debian_name("GPL-2.0-or-later OR MIT"), "GPL-2+ or MIT");
        assert_eq!(debian_name("LGPL-2.1-only"), "LGPL-2.1");
        let names = debian("BSD-3-Clause AND (GPL-2.0-only OR MIT)");
        let expected =
            [("BSD-3-Clause".to_owned(), None), ("GPL-2".to_owned(), Some("GPL-2")), ("MIT".to_owned(), None)];
        assert_eq!(names, expected);
    }
}
