//! Digests of files and folders with what stat(2) said of them then: who finds the same need not read them again. A cache,
//! TREE/.records/digests.json: losing it costs time only.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::{Layout, TreeWriter};
use crate::sys::fs::{create_folders, write_atomically};

/// Places with their stamps and digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownDigests(BTreeMap<String, Known>);

/// What the configuration of a kernel says about how modules are built for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Toolset {
    /// The program that compiled the kernel.
    pub(crate) compiler: Option<String>,
    pub(crate) is_clang: bool,
    /// Whether the kernel takes signatures.
    pub(crate) takes_signatures: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stamp: String,
    digest: String,
    /// Of the configuration of a kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    toolset: Option<Toolset>,
}

impl KnownDigests {
    /// What was kept; nothing when it cannot be read.
    pub(crate) fn read(layout: &Layout) -> Self {
        let text = fs::read(file(layout));
        text.ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// The digest of what lies there, if it still has this stamp ([`crate::sys::fingerprint`]).
    pub(crate) fn get(&self, place: &Path, stamp: &str) -> Option<&str> {
        Some(self.known(place, stamp)?.digest.as_str())
    }

    /// The same of the configuration of a kernel, with what it says.
    pub(crate) fn config(&self, place: &Path, stamp: &str) -> Option<(&str, &Toolset)> {
        let known = self.known(place, stamp)?;
        Some((&known.digest, known.toolset.as_ref()?))
    }

    fn known(&self, place: &Path, stamp: &str) -> Option<&Known> {
        self.0.get(place.to_str()?).filter(|known| known.stamp == stamp)
    }

    /// Adds one. A place whose name is no text is never known.
    pub(crate) fn put(&mut self, place: &Path, stamp: String, digest: String) {
        self.add(place, Known { stamp, digest, toolset: None });
    }

    /// Adds the configuration of a kernel.
    pub(crate) fn put_config(&mut self, place: &Path, stamp: String, digest: String, toolset: Toolset) {
        self.add(place, Known { stamp, digest, toolset: Some(toolset) });
    }

    fn add(&mut self, place: &Path, known: Known) {
        if let Some(place) = place.to_str() {
            self.0.insert(place.to_owned(), known);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TreeWriter<'_> {
    /// Keeps these beside those that are kept, and drops those of places that are gone.
    pub(crate) fn keep_digests(&self, learnt: KnownDigests) -> io::Result<()> {
        let mut all = KnownDigests::read(self.layout());
        all.0.extend(learnt.0);
        all.0.retain(|place, _| Path::new(place).exists());
        create_folders(&self.layout().records())?;
        let text = serde_json::to_vec(&all).map_err(io::Error::other)?;
        write_atomically(&file(self.layout()), 0o644, &text)
    }
}

fn file(layout: &Layout) -> PathBuf {
    layout.records().join("digests.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::Sandbox;

    #[test]
    fn a_digest_is_known_while_its_place_is_there_and_has_the_same_stamp() {
        let s = Sandbox::new();
        let layout = s.tree().layout().clone();
        s.file("a", "");
        let (a, b) = (layout.tree().join("a"), layout.tree().join("b"));
        assert!(KnownDigests::read(&layout).is_empty());
        for (place, stamp, digest) in [(&a, "1", "old"), (&b, "1", "gone"), (&a, "2", "new")] {
            let mut learnt = KnownDigests::default();
            learnt.put(place, stamp.to_owned(), digest.to_owned());
            s.lock().writer().keep_digests(learnt).unwrap();
        }
        let known = KnownDigests::read(&layout);
        assert_eq!((known.get(&a, "2"), known.get(&a, "1"), known.get(&b, "1")), (Some("new"), None, None));
        s.file(".records/digests.json", "{\"a\":");
        assert!(KnownDigests::read(&layout).is_empty());
    }
}
