//! Everything about a package but its files: names, versions, people, texts.

use crate::ids::{ModuleId, Target};
use crate::package::Format;
use crate::package::description::carries::Carries;
use crate::package::description::contents::{Extra, Role};
use crate::package::description::{carrier, changelog};
use crate::package::input::payload::Payload;
use crate::package::module::license;
use crate::package::module::survey::{Survey, one_line};
use crate::package::words::names;
use crate::package::words::names::NameError;
use crate::package::words::profile::Profile;
use crate::package::words::relations::{Relation, RelationError, Replaced, Script};
use crate::package::words::version;
use crate::package::words::version::VersionError;

pub(crate) use crate::package::description::wishes::Wishes;

/// Who does the work when the package comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scriptlets {
    /// The package's own scripts, which work beside any DKMS.
    #[default]
    Portable,
    /// The triggers of the installed DKMS; the package requires the capability `dkms-triggers`.
    None,
}

/// A package without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackageInfo {
    pub(crate) format: Format,
    /// The module that it carries.
    pub(crate) module: ModuleId,
    /// The kernel that its modules are built for, if they are.
    pub(crate) target: Option<Target>,
    pub(crate) name: String,
    /// Whether a person chose that name, so that another package may carry the same module.
    pub(crate) named_by_hand: bool,
    /// The version without epoch and release.
    pub(crate) version: String,
    pub(crate) epoch: Option<u32>,
    /// The release (RPM) or revision (Debian).
    pub(crate) release: String,
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
    /// Seconds since 1970: the time of everything in the package.
    pub(crate) date: u64,
    pub(crate) scriptlets: Scriptlets,
    /// The folder in which the payload lies once it is installed.
    pub(crate) place: String,
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
    /// Where its public Secure Boot certificate lies, if it brings one.
    pub(crate) certificate: Option<String>,
}

/// What a package is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Material<'a> {
    pub(crate) carries: &'a Carries,
    pub(crate) payload: &'a Payload,
    /// What they say about themselves.
    pub(crate) survey: &'a Survey,
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

/// Information that is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InfoError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Version(#[from] VersionError),
    /// Debian packages need a maintainer.
    #[error("nobody is named as the maintainer of the package")]
    NoMaintainer,
    /// It must be `Name <address>`.
    #[error("`{0}` is not a maintainer: `Name <address@host>` is needed")]
    Maintainer(String),
    /// Prebuilt objects for a processor that the format has no name for.
    #[error("the prebuilt object {0} is for a processor that this package format has no name for")]
    Machine(String),
    /// What the package needs, offers or replaces.
    #[error(transparent)]
    Relation(#[from] RelationError),
    /// The profile is one of the other format.
    #[error("{0} takes packages of the other format")]
    Profile(String),
    /// An architecture that is no word.
    #[error("`{0}` is not the name of an architecture")]
    Architecture(String),
}

impl PackageInfo {
    /// Puts the package together. Sentences about what was assumed go to `warnings`.
    pub(crate) fn new(
        format: Format,
        module: ModuleId,
        wishes: &Wishes,
        material: Material,
        warnings: &mut Vec<String>,
    ) -> Result<Self, InfoError> {
        let Material { carries, payload, survey } = material;
        let license = wishes.license.as_deref().map(one_line).or_else(|| license::from_sources(survey));
        if license.is_none() {
            warnings.push("the source names no licence; --license sets one (an SPDX expression)".to_owned());
        }
        if let Some(profile) = wishes.profile.as_ref().filter(|profile| profile.format != format) {
            return Err(InfoError::Profile(profile.name.clone()));
        }
        let (version, release) = version_and_release(format, &module, wishes, warnings)?;
        let mut info = Self {
            format,
            name: name(format, &module, wishes, carries)?,
            named_by_hand: wishes.package_name.is_some(),
            version,
            release,
            epoch: wishes.epoch,
            architecture: architecture(format, wishes, payload, warnings)?,
            summary: summary(format, &module, wishes, material),
            description: description(&module, wishes, material),
            license: license.unwrap_or_else(|| license::UNKNOWN.to_owned()),
            maintainer: maintainer(format, wishes, survey)?,
            vendor: wishes.vendor.as_deref().map(one_line),
            url: wishes.url.as_deref().map(one_line),
            holders: survey.holders.clone(),
            date: payload.newest,
            scriptlets: Scriptlets::Portable,
            place: carries.place(&module, format, wishes.profile.as_ref()),
            relations: Vec::new(),
            scripts: Vec::new(),
            extras: Vec::new(),
            changelog: wishes.changelog.clone(),
            change: carries.change(&module),
            section: carries.section(),
            target: match carries {
                Carries::Source | Carries::Repository => None,
                Carries::Modules(target) => Some(target.clone()),
            },
            copyright: None,
            distribution: wishes.profile.as_ref().map(|profile| profile.name.clone()),
            certificate: None,
            module,
        };
        info.relations = relations(&info, wishes)?;
        if let Some(certificate) = &wishes.certificate {
            info.bring_certificate(certificate.clone());
        }
        Ok(info)
    }

    fn bring_certificate(&mut self, bytes: Vec<u8>) {
        let folder = format!("/usr/share/{}", self.name);
        let file = format!("{folder}/mok.der");
        self.extras.extend([Extra::folder(folder), Extra::file(&file, Role::Data, bytes)]);
        self.certificate = Some(file);
    }

    /// The package as the carrier of the module's source, which DKMS builds.
    #[must_use]
    pub(crate) fn carrying_source(mut self, scriptlets: Scriptlets, profile: Option<&Profile>) -> Self {
        self.scriptlets = scriptlets;
        let mut relations = carrier::relations(&self, profile);
        for relation in std::mem::take(&mut self.relations) {
            if !relations.contains(&relation) {
                relations.push(relation);
            }
        }
        self.relations = relations;
        self.scripts = carrier::scripts(&self);
        self
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

    /// `EPOCH:VERSION-RELEASE`, the epoch only if there is one.
    pub(crate) fn full_version(&self) -> String {
        let epoch = self.epoch.map_or(String::new(), |epoch| format!("{epoch}:"));
        format!("{epoch}{}-{}", self.version, self.release)
    }

    /// The usual name of the file.
    pub(crate) fn file_name(&self) -> String {
        let Self { name, version, release, architecture, .. } = self;
        match self.format {
            Format::Deb => format!("{name}_{version}-{release}_{architecture}.deb"),
            Format::Rpm => format!("{name}-{version}-{release}.{architecture}.rpm"),
        }
    }
}

fn name(format: Format, module: &ModuleId, wishes: &Wishes, carries: &Carries) -> Result<String, InfoError> {
    match &wishes.package_name {
        Some(name) => {
            names::check_package_name(format, name)?;
            Ok(name.clone())
        }
        None => Ok(carries.name(format, module)?),
    }
}

/// What a person wants the package to need, offer and replace.
fn relations(info: &PackageInfo, wishes: &Wishes) -> Result<Vec<Relation>, InfoError> {
    let mut relations = Vec::new();
    for (kind, text) in &wishes.relations {
        relations.extend(Relation::parse_list(info.format, *kind, text)?);
    }
    for text in &wishes.replaces {
        relations.extend(Replaced::parse(info.format, text)?.relations(info.format, &info.full_version()));
    }
    Ok(relations)
}

fn version_and_release(
    format: Format,
    module: &ModuleId,
    wishes: &Wishes,
    warnings: &mut Vec<String>,
) -> Result<(String, String), InfoError> {
    let version = match &wishes.package_version {
        Some(version) => version.clone(),
        None => {
            let mapped = version::map(format, module.version.as_str());
            warnings.extend(mapped.warnings);
            mapped.version
        }
    };
    version::check(format, &version)?;
    let suffix = wishes.profile.as_ref().map_or("", |profile| profile.suffix.as_str());
    let release = format!("{}{suffix}", wishes.release.as_deref().unwrap_or("1"));
    version::check_release(format, &release)?;
    Ok((version, release))
}

fn architecture(
    format: Format,
    wishes: &Wishes,
    payload: &Payload,
    warnings: &mut Vec<String>,
) -> Result<String, InfoError> {
    if let Some(given) = &wishes.architecture {
        let word = !given.is_empty() && given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        return if word { Ok(given.clone()) } else { Err(InfoError::Architecture(given.clone())) };
    }
    let Some(machine) = payload.machines.iter().min_by_key(|machine| machine.rank()) else {
        let independent = match format {
            Format::Deb => "all",
            Format::Rpm => "noarch",
        };
        return Ok(independent.to_owned());
    };
    let unnamed = || InfoError::Machine(payload.objects.first().cloned().unwrap_or_default());
    let name = machine.name(format).ok_or_else(unnamed)?;
    if payload.machines.len() > 1 {
        warnings.push(format!(
            "the source has prebuilt objects for several processors; the package is for {name} only, --arch sets another"
        ));
    }
    Ok(name.to_owned())
}

/// A short phrase without article and full stop (developers reference 6.2.2); RPM wants a capital letter.
fn summary(format: Format, module: &ModuleId, wishes: &Wishes, material: Material) -> String {
    if let Some(summary) = wishes.summary.as_deref().map(one_line).filter(|text| !text.is_empty()) {
        return summary;
    }
    let described = material.survey.descriptions.first().map(|text| phrase(text)).filter(|text| !text.is_empty());
    let text = described.unwrap_or_else(|| format!("kernel module {}", module.name));
    let remark = material.carries.remark();
    let text = format!("{} {remark}", shortened(&text, 78_usize.saturating_sub(remark.len()).clamp(20, 60)));
    match (format, text.get(..1)) {
        (Format::Rpm, Some(first)) => first.to_ascii_uppercase() + &text[1..],
        _ => text,
    }
}

fn phrase(text: &str) -> String {
    let mut text = text.trim_end_matches(['.', '!', ' ']);
    for article in ["A ", "An ", "The ", "a ", "an ", "the "] {
        text = text.strip_prefix(article).unwrap_or(text);
    }
    text.to_owned()
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most).collect();
    cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words).trim_end_matches([',', ';', ':', '-']).to_owned()
}

fn description(module: &ModuleId, wishes: &Wishes, material: Material) -> Vec<String> {
    let own: Vec<String> = match &wishes.description {
        Some(text) => text.split("\n\n").map(one_line).filter(|text| !text.is_empty()).collect(),
        None => material.survey.descriptions.iter().take(3).map(|text| sentence(text)).collect(),
    };
    own.into_iter().chain([material.carries.description(module)]).collect()
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Breaks a text into lines of at most `width` bytes; a longer word stands alone.
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn maintainer(format: Format, wishes: &Wishes, survey: &Survey) -> Result<Option<String>, InfoError> {
    if let Some(given) = wishes.maintainer.as_deref().map(one_line) {
        return if is_mailbox(&given) { Ok(Some(given)) } else { Err(InfoError::Maintainer(given)) };
    }
    // One MODULE_AUTHOR often names several people.
    let mut authors = survey.authors.iter().flat_map(|authors| authors.split([',', ';'])).map(str::trim);
    match (authors.find(|author| is_mailbox(author)), format) {
        (Some(author), _) => Ok(Some(author.to_owned())),
        (None, Format::Rpm) => Ok(None),
        (None, Format::Deb) => Err(InfoError::NoMaintainer),
    }
}

/// `Name <local@host>`, no comma (it would be two people).
fn is_mailbox(text: &str) -> bool {
    let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) else { return false };
    let Some((local, host)) = address.split_once('@') else { return false };
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"<>,()@\"".contains(c));
    !name.trim().is_empty() && !name.contains([',', '<', '>']) && plain(local) && plain(host) && host.contains('.')
}

#[cfg(test)]
mod tests;
