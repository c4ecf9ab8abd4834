//! The licence of a package as one SPDX expression.

use std::collections::BTreeSet;

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

/// The licence in the words at the beginning of a file, as an SPDX expression.
///
/// Source of the words: the notices that the licences themselves ask for ("How to Apply These Terms"; the texts of the MIT
/// and BSD licences at spdx.org).
pub(crate) fn worded(text: &str) -> Option<String> {
    let head: String =
        text.chars().take(6000).map(|c| if "*/#;".contains(c) || c.is_whitespace() { ' ' } else { c }).collect();
    let head = head.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let lesser =
        head.contains("gnu lesser general public license") || head.contains("gnu library general public license");
    let gnu = if lesser || head.contains("gnu general public license") { gnu(&head, lesser) } else { None };
    let is_bsd = head.contains("redistribution and use in source and binary forms");
    let free = if is_bsd {
        let third = head.contains("neither the name") || head.contains("may not be used to endorse");
        Some(if third { "BSD-3-Clause" } else { "BSD-2-Clause" })
    } else if head.contains("permission is hereby granted, free of charge, to any person") {
        Some("MIT")
    } else {
        None
    };
    match (gnu, free) {
        (Some(gnu), Some(free)) => Some(format!("{gnu} OR {free}")),
        (Some(gnu), None) => Some(gnu),
        (None, free) => free.map(str::to_owned),
    }
}

fn gnu(head: &str, lesser: bool) -> Option<String> {
    let number = ["2.1", "3", "2", "1"].into_iter().find(|number| {
        let forms = [
            format!("version {number}"),
            format!("v{number}"),
            format!("license {number}"),
            format!("license, {number}"),
        ];
        forms.iter().any(|form| {
            head.match_indices(form.as_str()).any(|(at, _)| {
                let after = head[at + form.len()..].trim_start_matches(".0");
                let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
                let goes_on = digit(after) || after.strip_prefix('.').is_some_and(digit);
                !goes_on
            })
        })
    })?;
    let later =
        ["any later version", "or later", "or newer", "or (at your option)"].iter().any(|words| head.contains(words));
    let family = if lesser { "LGPL" } else { "GPL" };
    let number = if number.contains('.') { number.to_owned() } else { format!("{number}.0") };
    Some(format!("{family}-{number}-{}", if later { "or-later" } else { "only" }))
}

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
    fn the_notices_of_the_licences_are_understood() {
        let later = "/* This program is free software; you can redistribute it and/or modify\n * it under the terms of the GNU \
                     General Public License as published by\n * the Free Software Foundation; either version 2 of the License, \
                     or\n * (at your option) any later version.\n */";
        let only =
            "/* under the terms and conditions of the GNU General Public License,\n * version 2, as published by */";
        let bsd = "/* Redistribution and use in source and binary forms, with or without\n * modification. Neither the name of */";
        let cases = [
            (later.to_owned(), Some("GPL-2.0-or-later")),
            (only.to_owned(), Some("GPL-2.0-only")),
            (later.replace("version 2", "version 3"), Some("GPL-3.0-or-later")),
            (
                later.replace("GNU General", "GNU Lesser General").replace("version 2", "version 2.1"),
                Some("LGPL-2.1-or-later"),
            ),
            (bsd.to_owned(), Some("BSD-3-Clause")),
            (format!("{only} {bsd}"), Some("GPL-2.0-only OR BSD-3-Clause")),
            ("/* Permission is hereby granted, free of charge, to any person */".to_owned(), Some("MIT")),
            ("/* See the GNU General Public License. */".to_owned(), None),
            ("int version;".to_owned(), None),
        ];
        for (text, expected) in cases {
            assert_eq!(worded(&text).as_deref(), expected, "{text}");
        }
        let mixed = Survey { worded: ["GPL-2.0-or-later".to_owned()].into(), ..survey(&["MIT"], &["GPL"]) };
        assert_eq!(from_sources(&mixed).as_deref(), Some("GPL-2.0-or-later AND MIT"));
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
