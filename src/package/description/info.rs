//! Everything about a package but its files: names, versions, people, texts. Read-only: [`super::resolve`] alone makes it.

use std::ops::Deref;

use crate::package::Format;
use crate::package::description::changelog;
use crate::package::description::extra::Extra;
use crate::package::description::identity::Identity;
use crate::package::module::license::Part;
use crate::package::words::profile::Recipe;
use crate::package::words::relations::{Relation, Script};

/// Who said something about a package. An earlier one goes before a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The command line, or a variable of the environment that stands for an option.
    CommandLine,
    /// A template of a person's own.
    Template,
    /// The source that is packaged, or the modules.
    Source,
    /// Nobody: it is the usual one.
    Default,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) identity: Identity,
    /// `all`, `noarch` or an architecture in the format's words.
    pub(crate) architecture: String,
    pub(crate) summary: String,
    pub(crate) description: Vec<String>,
    pub(crate) license: String,
    /// `Name <address>`
    pub(crate) maintainer: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) url: Option<String>,
    /// "2005-2020 Some Body"
    pub(crate) holders: Vec<String>,
    /// Its files by their licences, where the source names several.
    pub(crate) parts: Vec<Part>,
    /// Seconds since 1970: the time of everything in the package.
    pub(crate) date: u64,
    /// What it needs, offers and excludes.
    pub(crate) relations: Vec<Relation>,
    /// What runs when it comes and goes.
    pub(crate) scripts: Vec<Script>,
    /// What it holds besides its payload.
    pub(crate) extras: Vec<Extra>,
    /// What changed, as far as a person wrote it down; newest first.
    pub(crate) changelog: Vec<changelog::Entry>,
    pub(crate) section: &'static str,
    /// What is said of a version of which nobody wrote anything.
    pub(crate) change: String,
    /// Its copyright file, if a person wrote one (Debian).
    pub(crate) copyright: Option<String>,
    /// The distribution that it is made for, if for one.
    pub(crate) distribution: Option<String>,
    /// What is made instead of a package, if anything.
    pub(crate) recipe: Option<Recipe>,
    /// Who said what, by the names of the options.
    pub(crate) origins: Vec<(&'static str, Origin)>,
}

impl Deref for Fields {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

/// A package without its files. There is no way to change one: what it says was settled in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackageInfo(Fields);

impl Deref for PackageInfo {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.0
    }
}

/// The changes of one version, with nothing left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) version: String,
    /// `Name <address>`
    pub(crate) person: String,
    /// Seconds since 1970.
    pub(crate) date: u64,
    /// What changed, a line each.
    pub(crate) changes: Vec<String>,
}

impl PackageInfo {
    pub(super) fn new(fields: Fields) -> Self {
        Self(fields)
    }

    /// What changed in each version, newest first; the first one is the version that is packaged. Entries that the format
    /// cannot show, for want of a person or a version, are left out.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let own = self.full_version();
        let is_own = |entry: &changelog::Entry| {
            let version = entry.version.as_deref();
            version.is_none_or(|version| {
                version == own || version == self.version || version == self.module.version.as_str()
            })
        };
        let mut entries = self.changelog.clone();
        match entries.first_mut() {
            Some(first) if is_own(first) => first.version = Some(own),
            _ => entries.insert(0, self.packaged(own)),
        }
        let mut date = self.date;
        let mut changes = Vec::new();
        for entry in entries {
            // No entry is newer than the one before it: rpmbuild refuses such a file.
            date = entry.date.unwrap_or(date).min(if changes.is_empty() { u64::MAX } else { date });
            let Some(person) = entry.person.or_else(|| self.maintainer.clone()) else { continue };
            let Some(version) = entry.version.filter(|version| !version.is_empty()) else { continue };
            changes.push(Change { version, person, date, changes: entry.changes });
        }
        changes
    }

    fn packaged(&self, version: String) -> changelog::Entry {
        let changes = vec![self.change.clone()];
        changelog::Entry { version: Some(version), person: None, date: Some(self.date), changes }
    }

    /// The usual name of the file.
    pub(crate) fn file_name(&self) -> String {
        let Identity { name, version, release, .. } = &self.identity;
        let architecture = &self.architecture;
        match self.format {
            Format::Deb => format!("{name}_{version}-{release}_{architecture}.deb"),
            Format::Rpm => format!("{name}-{version}-{release}.{architecture}.rpm"),
            Format::Pac => format!("{name}-{}-{architecture}.pkg.tar.zst", self.full_version()),
        }
    }
}
