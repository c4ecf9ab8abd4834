//! Kbuild files and makefiles, several in one input: a line `== PATH` begins each of them. Reading ends, whatever stands in them.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut last = "Makefile".to_owned();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("== ") {
            Some(path) => last = path.trim_end().to_owned(),
            None => *files.entry(last.clone()).or_default() += line,
        }
    }
    dkms::fuzz::kbuild(&files);
});
