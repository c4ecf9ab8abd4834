//! Names that must not be mixed up: modules, versions, kernel releases, architectures.
//!
//! Each is checked once, when it is made, so that it can become a path component or a command argument afterwards.

pub(crate) mod near;

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a word was to be the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Module,
    Version,
    Kernel,
    Arch,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Named::Module => "module name",
            Named::Version => "module version",
            Named::Kernel => "kernel release",
            Named::Arch => "architecture",
        })
    }
}

/// Why a word cannot serve as a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdError {
    #[error("the {what} is empty")]
    Empty { what: Named },
    /// The word begins with a dot or a dash, or is a name that the tree uses itself.
    #[error("`{word}` cannot be a {what}: the DKMS tree uses such names itself, or programs take them for options")]
    Reserved { what: Named, word: String },
    /// The word holds a character that cannot be part of a file name or a status line.
    #[error("the {what} `{word}` holds the character {character:?}, which is not allowed there")]
    Character {
        what: Named,
        word: String,
        /// The first character that is refused.
        character: char,
    },
}

/// What a version's folder holds, or held in older releases, besides the folders of kernels.
pub(crate) const BESIDE_KERNELS: [&str; 8] =
    ["build", "tarball", "rpm", "deb", "driver_disk", "source", "original_module", "log"];

/// Whether something else has this name where the folder of what it is to be lies.
fn is_taken(what: Named, word: &str) -> bool {
    match what {
        Named::Module => ["mok.key", "mok.pub", "post_transaction.log"].contains(&word),
        Named::Version => word == "original_module" || word.starts_with("kernel-"),
        Named::Kernel => BESIDE_KERNELS.contains(&word),
        Named::Arch => false,
    }
}

/// A word that begins with a dot is a note, a stage or a lock of the tree, and no one's name.
fn check(what: Named, word: &str) -> Result<(), IdError> {
    if word.is_empty() {
        return Err(IdError::Empty { what });
    }
    if word.starts_with(['.', '-']) || is_taken(what, word) {
        return Err(IdError::Reserved { what, word: word.to_owned() });
    }
    let refused = |c: char| c == '/' || c == ',' || c.is_whitespace() || c.is_control();
    match word.chars().find(|c| refused(*c)) {
        Some(character) => Err(IdError::Character { what, word: word.to_owned(), character }),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $type(String);

        impl $type {
            /// Checks the word and takes it: not empty, no `/`, `,`, blank or control character, no leading `.` or `-`,
            /// and no name of the tree's own.
            pub(crate) fn new(word: impl Into<String>) -> Result<Self, IdError> {
                let word = word.into();
                check($what, &word)?;
                Ok(Self(word))
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<std::path::Path> for $type {
            fn as_ref(&self) -> &std::path::Path {
                self.0.as_ref()
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;

            fn try_from(word: String) -> Result<Self, IdError> {
                Self::new(word)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name!(
    /// The name of a module package, dkms.conf's PACKAGE_NAME.
    ModuleName,
    Named::Module
);
name!(
    /// The version of a module package, dkms.conf's PACKAGE_VERSION.
    ModuleVersion,
    Named::Version
);
name!(
    /// A kernel release as `uname -r` prints it.
    KernelRelease,
    Named::Kernel
);
name!(
    /// A machine architecture as `uname -m` prints it.
    Arch,
    Named::Arch
);

/// A module package in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ModuleId {
    pub(crate) name: ModuleName,
    pub(crate) version: ModuleVersion,
}

impl ModuleId {
    pub(crate) fn new(name: ModuleName, version: ModuleVersion) -> Self {
        Self { name, version }
    }

    /// `NAME-VERSION`, the folder below the source tree.
    pub(crate) fn source_folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

impl fmt::Display for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

/// One kernel release with its architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Target {
    /// `uname -r` of that kernel.
    pub(crate) kernel: KernelRelease,
    /// `uname -m` of that kernel.
    pub(crate) arch: Arch,
}

impl Target {
    pub(crate) fn new(kernel: KernelRelease, arch: Arch) -> Self {
        Self { kernel, arch }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kernel, self.arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of name, version, kernel and architecture a word may be.
    fn may_be(word: &str) -> String {
        let kinds = [
            ("name", ModuleName::new(word).is_ok()),
            ("version", ModuleVersion::new(word).is_ok()),
            ("kernel", KernelRelease::new(word).is_ok()),
            ("arch", Arch::new(word).is_ok()),
        ];
        kinds.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect::<Vec<_>>().join(" ")
    }

    const ALL: &str = "name version kernel arch";

    #[test]
    fn names_that_real_packages_use_are_taken() {
        for word in [
            "zfs",
            "0~20220111+git1b52c8d",
            "v6.04.00",
            "6.1.0-56-amd64",
            "nvidia-current",
            "a_b.c",
            "x:1",
            "Größe",
            "a.",
            "_",
            "~1",
            "sources",
            "kernel",
            "modules",
        ] {
            assert_eq!(may_be(word), ALL, "{word}");
        }
    }

    #[test]
    fn words_that_would_leave_their_folder_or_break_a_status_line_are_refused() {
        for word in [
            "",
            ".",
            "..",
            "a/b",
            "../x",
            "/",
            "-k",
            "--all",
            "a b",
            " a",
            "a,b",
            ",",
            "a\nb",
            "a\tb",
            "a\0b",
            "\u{1b}[31m",
        ] {
            assert_eq!(may_be(word), "", "{word:?}");
        }
    }

    #[test]
    fn names_that_the_tree_uses_itself_are_refused_where_they_would_meet() {
        for word in [
            ".delete_x",
            ".tmp_x",
            ".rescue_x",
            ".hid",
            ".records",
            ".intents",
            ".finished",
            ".logs",
            ".lock",
            ".dkms_tmp_x",
            ".dkms-x.ko-y",
            "...",
        ] {
            assert_eq!(may_be(word), "", "{word}");
        }
        for (word, expected) in [
            ("mok.key", "version kernel arch"),
            ("mok.pub", "version kernel arch"),
            ("post_transaction.log", "version kernel arch"),
            ("original_module", "name arch"),
            ("kernel-6.1-x86_64", "name kernel arch"),
            ("build", "name version arch"),
            ("source", "name version arch"),
            ("tarball", "name version arch"),
            ("rpm", "name version arch"),
            ("deb", "name version arch"),
            ("driver_disk", "name version arch"),
            ("log", "name version arch"),
            ("module", ALL),
        ] {
            assert_eq!(may_be(word), expected, "{word}");
        }
    }
}
