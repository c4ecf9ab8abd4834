//! A cell: one module for one kernel. What it is built from, the key that says so, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::preflight::verdict::Standing;
use crate::ids::{ModuleId, Target};
use crate::snapshot::absent;
use crate::sys::System;
use crate::sys::fingerprint::hex;

/// All that decides which bytes come out, by names that a sentence about a difference can use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Parts(pub(crate) BTreeMap<String, String>);

/// The digest of [`Parts`], in hex digits: the name of a cell in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Key(String);

impl Parts {
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    pub(crate) fn key(&self) -> Key {
        let mut hash = Sha256::new();
        for word in self.0.iter().flat_map(|(name, value)| [name, value]) {
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word);
        }
        Key(hex(hash.finalize()))
    }

    /// What is not the same here and there, one sentence each.
    pub(crate) fn differences(&self, here: &Self) -> Vec<String> {
        let names = self.0.keys().chain(here.0.keys()).collect::<BTreeSet<_>>();
        let value = |parts: &Self, name: &str| parts.0.get(name).cloned().unwrap_or_else(|| "none".to_owned());
        let different = names.into_iter().filter(|name| self.0.get(*name) != here.0.get(*name));
        different
            .map(|name| format!("{name}: {} is wanted, here it is {}", value(self, name), value(here, name)))
            .collect()
    }
}

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() == 64 && text.chars().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no key of a cell, which has 64 hex digits"))
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is to be built, complete: whoever has the store and a compiler can do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// Digests of the module's source and of those that it builds on, the module's own first.
    pub(crate) sources: Vec<(ModuleId, String)>,
    /// Digests of the packages with the kernel's headers.
    pub(crate) headers: Vec<String>,
    /// The compiler that built the kernel, if its headers say it.
    pub(crate) compiler: Compiler,
    /// The newest time in the source, in seconds since 1970: that of packages.
    pub(crate) date: u64,
    pub(crate) parts: Parts,
}

/// What the headers of a kernel say of its compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compiler {
    pub(crate) program: Option<String>,
    pub(crate) is_clang: bool,
    pub(crate) takes_signatures: bool,
    /// Whether modules get type information (BTF), which pahole writes.
    pub(crate) has_types: bool,
}

impl Wanted {
    pub(crate) fn key(&self) -> Key {
        self.parts.key()
    }

    /// `NAME-VERSION-KERNEL`, for files.
    pub(crate) fn file_stem(&self) -> String {
        format!("{}-{}", self.module.source_folder(), self.target.kernel)
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    pub(crate) standing: Standing,
    /// Of the folder with the modules, where there is one.
    pub(crate) digest: Option<String>,
    /// The newest time in the source, in seconds since 1970: the time of packages.
    pub(crate) date: u64,
    pub(crate) parts: Parts,
    /// Programs, and files by their path, that were not there, and for the want of which it failed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) absent: BTreeSet<String>,
}

impl Done {
    /// Whether the same would come of it again. What failed for want of time, room or disk is no result.
    pub(crate) fn is_result(&self) -> bool {
        !matches!(self.standing, Standing::Unknown { .. })
    }

    /// Whether this host has by now what it failed for the want of.
    pub(crate) fn may_succeed_now(&self, system: &System) -> bool {
        absent::has_come(&self.absent, system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(words: &[(&str, &str)]) -> Parts {
        Parts(words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn each_part_changes_the_key_and_their_order_does_not() {
        let one = parts(&[("source", "a"), ("compiler", "gcc 12")]);
        assert_eq!(one.key(), parts(&[("compiler", "gcc 12"), ("source", "a")]).key());
        for other in [
            parts(&[("source", "a")]),
            parts(&[("source", "b"), ("compiler", "gcc 12")]),
            parts(&[("source", "a"), ("compiler", "gcc 13")]),
            parts(&[("source", "agcc 12"), ("compiler", "")]),
            parts(&[("sourc", "ea"), ("compiler", "gcc 12")]),
        ] {
            assert_ne!(one.key(), other.key(), "{other:?}");
        }
        assert_eq!(one.key().as_str().len(), 64);
    }

    #[test]
    fn what_is_otherwise_on_another_host_is_named() {
        let wanted = parts(&[("source", "a"), ("compiler", "gcc 12")]);
        let here = parts(&[("source", "a"), ("compiler", "gcc 13"), ("certificate", "c")]);
        assert_eq!(
            wanted.differences(&here),
            ["certificate: none is wanted, here it is c", "compiler: gcc 12 is wanted, here it is gcc 13"]
        );
        assert_eq!(wanted.differences(&wanted), Vec::<String>::new());
    }

    #[test]
    fn a_key_is_never_a_path() {
        for text in ["", "..", "../../etc", &"A".repeat(64), &"0".repeat(63)] {
            assert!(Key::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(Key::try_from("0a".repeat(32)).is_ok());
    }
}
