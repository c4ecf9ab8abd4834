//! The commit that is checked out, and its tags (gitrepository-layout(5)): loose refs, packed refs, and the objects of tags.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use crate::package::input::checkout::objects::{Kind, Objects};
use crate::package::input::checkout::{Checkout, CheckoutError, LARGE, read, small};
use crate::package::module::placeholder;
use crate::version;

/// The version that a tag gives to the commit that is checked out: the highest, if several do.
pub(crate) fn tagged_version(folder: &Path) -> Result<String, CheckoutError> {
    let folder = fs_err::canonicalize(folder).map_err(|error| CheckoutError::Read(folder.to_path_buf(), error))?;
    let found = if folder.is_dir() { Checkout::around(&folder)? } else { None };
    let checkout = found.ok_or(CheckoutError::NoCheckout(folder))?;
    version(&checkout)
}

/// Folders in refs/tags, and refs and tags that name others.
const DEEP: usize = 8;

/// The highest version that a tag gives to the commit.
pub(crate) fn version(checkout: &Checkout) -> Result<String, CheckoutError> {
    let refs = Refs::read(checkout)?;
    let commit = refs.resolve("HEAD", DEEP)?.ok_or_else(|| CheckoutError::NoCommit(checkout.top.clone()))?;
    let mut unread = Vec::new();
    let mut versions = Vec::new();
    for (tag, id) in refs.tags()? {
        let Some(version) = of_tag(&tag) else { continue };
        match refs.commit(&tag, &id, DEEP) {
            _ if id == commit => versions.push(version),
            Some(found) if found == commit => versions.push(version),
            Some(_) => {}
            None => unread.push(tag),
        }
    }
    let top = checkout.top.clone();
    versions.into_iter().max_by(|a, b| version::compare(a, b)).ok_or(CheckoutError::NoTag { top, unread })
}

/// The version in a tag's name: `1.2`, `v1.2`, `evdi-1.2`, `release/v1.2`; without a `v` before it.
fn of_tag(tag: &str) -> Option<String> {
    let name = tag.rsplit('/').next()?;
    let starts = |text: &str| text.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit());
    let version = if starts(name) { name.to_owned() } else { placeholder::version_in(name, None)? };
    Some(version.trim_start_matches(['v', 'V']).to_owned())
}

struct Refs<'a> {
    checkout: &'a Checkout,
    /// By name, from `refs/` on: the object, and for a tag object the commit that it stands for.
    packed: BTreeMap<String, (String, Option<String>)>,
}

impl<'a> Refs<'a> {
    /// Reads packed-refs: `ID NAME`, and after a tag object `^ID`.
    fn read(checkout: &'a Checkout) -> Result<Self, CheckoutError> {
        let bytes = read(&checkout.shared.join("packed-refs"), LARGE)?.unwrap_or_default();
        let mut packed = BTreeMap::new();
        let mut last: Option<String> = None;
        for line in String::from_utf8_lossy(&bytes).lines() {
            if let (Some(peeled), Some((_, commit))) =
                (line.strip_prefix('^'), last.as_ref().and_then(|name| packed.get_mut(name)))
            {
                *commit = Some(peeled.to_owned());
            } else if let Some((id, name)) = line.split_once(' ').filter(|(id, _)| is_id(id)) {
                packed.insert(name.to_owned(), (id.to_owned(), None));
                last = Some(name.to_owned());
            }
        }
        Ok(Self { checkout, packed })
    }

    /// The object that a ref names, through refs that name others. A loose one goes before a packed one.
    fn resolve(&self, name: &str, depth: usize) -> Result<Option<String>, CheckoutError> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || depth == 0 {
            return Ok(None);
        }
        let folder = if name == "HEAD" { &self.checkout.own } else { &self.checkout.shared };
        match small(&folder.join(name))? {
            Some(text) => match text.strip_prefix("ref: ") {
                Some(next) => self.resolve(next.trim(), depth - 1),
                None => Ok(Some(text).filter(|text| is_id(text))),
            },
            None => Ok(self.packed.get(name).map(|(id, _)| id.clone())),
        }
    }

    /// Names after `refs/tags/`, with the objects that they name.
    fn tags(&self) -> Result<BTreeMap<String, String>, CheckoutError> {
        let packed = self.packed.iter().filter_map(|(name, (id, _))| Some((name.strip_prefix("refs/tags/")?, id)));
        let mut tags: BTreeMap<String, String> = packed.map(|(name, id)| (name.to_owned(), id.clone())).collect();
        self.loose("refs/tags", DEEP, &mut tags)?;
        Ok(tags)
    }

    fn loose(&self, folder: &str, depth: usize, tags: &mut BTreeMap<String, String>) -> Result<(), CheckoutError> {
        let path = self.checkout.shared.join(folder);
        for entry in fs_err::read_dir(path).into_iter().flatten().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth > 0 => self.loose(&name, depth - 1, tags)?,
                Ok(kind) if kind.is_file() => {
                    if let (Some(id), Some(tag)) = (self.resolve(&name, 1)?, name.strip_prefix("refs/tags/")) {
                        tags.insert(tag.to_owned(), id);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The commit that a tag stands for; None if that cannot be told.
    fn commit(&self, tag: &str, id: &str, depth: usize) -> Option<String> {
        match self.packed.get(&format!("refs/tags/{tag}")) {
            Some((packed, Some(commit))) if packed == id => return Some(commit.clone()),
            // Those who peel say so of every tag object.
            Some((packed, None)) if packed == id => return Some(id.to_owned()),
            _ => {}
        }
        self.peeled(id, depth)
    }

    /// Follows a tag object (`object ID`, `type KIND`).
    fn peeled(&self, id: &str, depth: usize) -> Option<String> {
        let object = Objects::of(&self.checkout.shared).get(id)?;
        let text = String::from_utf8_lossy(&object.bytes).into_owned();
        match object.kind {
            Kind::Commit => return Some(id.to_owned()),
            Kind::Tag => {}
            Kind::Other => return None,
        }
        let object = text.lines().next()?.strip_prefix("object ").filter(|id| is_id(id))?;
        match text.lines().nth(1)? {
            "type tag" => self.peeled(object, depth.checked_sub(1)?),
            _ => Some(object.to_owned()),
        }
    }
}

/// When the commit that is checked out was made, in seconds since 1970; None where there is none yet, or it cannot be read.
pub(super) fn committed(checkout: &Checkout) -> Result<Option<u64>, CheckoutError> {
    let commit = Refs::read(checkout)?.resolve("HEAD", DEEP)?;
    let object = commit.and_then(|id| Objects::of(&checkout.shared).get(&id));
    Ok(object.filter(|object| object.kind == Kind::Commit).and_then(|object| time(&object.bytes)))
}

/// The time in the line `committer NAME <ADDRESS> SECONDS ZONE` of a commit.
fn time(commit: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(commit);
    let line = text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("committer "))?;
    line.rsplit_once("> ")?.1.split(' ').next()?.parse().ok()
}

/// Whether a text is the name of an object: SHA-1 or SHA-256 in hexadecimal.
fn is_id(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_commit_is_that_of_its_committer() {
        let head =
            "tree 1\nauthor A <a@b> 5 +0000\ncommitter B > C <b@c> 1700000000 -0500\n\ncommitter D <d@e> 7 +0000\n";
        assert_eq!(time(head.as_bytes()), Some(1_700_000_000));
        for other in ["tree 1\n\ncommitter B <b@c> 1 +0000", "committer B <b@c> -5 +0000", "committer B", ""] {
            assert_eq!(time(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn tags_give_versions_as_people_write_them() {
        for (tag, expected) in [
            ("1.2", Some("1.2")),
            ("v1.2-rc1", Some("1.2-rc1")),
            ("release/v3", Some("3")),
            ("evdi-1.14.2", Some("1.14.2")),
            ("latest", None),
            ("v", None),
        ] {
            assert_eq!(of_tag(tag).as_deref(), expected, "{tag}");
        }
    }
}
