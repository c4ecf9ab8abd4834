//! The notices with which files without an SPDX tag name their licence.

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

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
