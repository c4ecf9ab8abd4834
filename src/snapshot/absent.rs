//! What a build failed for the want of: programs and headers of libraries that its diagnosis names and that are not here. When
//! one comes, what failed is worth another try.

use std::collections::BTreeSet;

use crate::sys::System;

/// Those that this text names, as diagnoses do: programs in backquotes, headers as compilers tell them.
pub(crate) fn named_in(text: &str, system: &System) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2).filter(|word| is_name(word)).map(str::to_owned);
    let headers = text.split("fatal error: ").skip(1).filter_map(|rest| rest.split_once(": No such file"));
    let headers = headers.map(|(header, _)| header).filter(|header| header.ends_with(".h")).map(of_library);
    let libelf = text.contains("libelf").then(|| of_library("gelf.h"));
    quoted.chain(headers).chain(libelf).filter(|what| !is_here(what, system)).collect()
}

/// Whether one of them is here now.
pub(crate) fn has_come(absent: &BTreeSet<String>, system: &System) -> bool {
    absent.iter().any(|what| is_here(what, system))
}

fn is_name(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    !word.is_empty() && !word.starts_with('-') && word.chars().all(is_part)
}

fn of_library(header: &str) -> String {
    format!("/usr/include/{header}")
}

fn is_here(what: &str, system: &System) -> bool {
    if what.starts_with('/') { system.path(what).exists() } else { system.has_program(what) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_headers_of_a_diagnosis_are_known_by_their_names() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path()).with_environment([("PATH".into(), "/bin".into())].into());
        for (text, expected) in [
            (
                "make failed: line 3 of the log: /bin/sh: 1: bc: not found: the program `bc` is not installed",
                &["bc"][..],
            ),
            ("the program `gcc-12`, with which this kernel's modules are to be built", &["gcc-12"]),
            (
                "line 9 of the log: x.c:1:10: fatal error: openssl/bio.h: No such file or directory",
                &["/usr/include/openssl/bio.h"],
            ),
            ("the development files of libelf are not installed", &["/usr/include/gelf.h"]),
            ("`apt-get install x` and `-m x` are no programs", &[]),
            ("line 4 of the log: foo.c:3:5: error: expected ';'", &[]),
        ] {
            let absent = named_in(text, &system);
            assert_eq!(absent.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
            assert!(!has_come(&absent, &system));
        }
        let absent = named_in("the program `bc` is not installed", &system);
        fs_err::create_dir(root.path().join("bin")).unwrap();
        fs_err::write(root.path().join("bin/bc"), "").unwrap();
        assert!(!has_come(&absent, &system), "it cannot be run");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(root.path().join("bin/bc"), mode).unwrap();
        assert!(has_come(&absent, &system));
        assert!(named_in("the program `bc` is not installed", &system).is_empty());
    }
}
