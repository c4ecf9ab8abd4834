//! What a log tells of the build besides its failures.

use std::collections::BTreeMap;

/// Facts that rules ask for.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The commands that we ran.
    pub(super) commands: Vec<String>,
    /// modpost found no list of the kernel's symbols.
    pub(super) lacks_symvers: bool,
    /// The kernel was built by clang, and this build takes another compiler.
    pub(super) is_by_clang: bool,
    /// The folder that each make (`make`, `make[1]`) entered last.
    folders: BTreeMap<String, String>,
}

impl Heard {
    pub(super) fn line(&mut self, line: &str) {
        if let Some(command) = line.strip_prefix("# command: ") {
            self.commands.push(command.to_owned());
        } else if let Some((make, rest)) = line.split_once(": Entering directory '") {
            self.folders.insert(make.to_owned(), rest.trim_end_matches('\'').to_owned());
        } else if line.trim_start().starts_with("The kernel was built by: ") {
            // The kernel's Makefile says it where the compilers differ, and only there.
            self.is_by_clang = line.contains("clang");
        } else if line.trim_start().starts_with("You are using: ") {
            self.is_by_clang &= !line.contains("clang");
        } else if line.contains("Module.symvers") && line.contains(" is missing") {
            self.lacks_symvers = true;
        }
    }

    /// Where the make ran that says this line. One that enters no folder runs in that of the make above it.
    pub(super) fn folder_of(&self, line: &str) -> Option<&str> {
        let make = line.split(':').next()?;
        let Some((name, level)) = make.strip_suffix(']').and_then(|make| make.split_once('[')) else {
            return self.folders.get(make).map(String::as_str);
        };
        let above = (1..=level.parse::<u8>().ok()?).rev().map(|level| format!("{name}[{level}]"));
        above.chain([name.to_owned()]).find_map(|make| self.folders.get(&make)).map(String::as_str)
    }
}
