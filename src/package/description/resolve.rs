//! One answer out of four voices: the command line goes before a template, that before the source, that before what is
//! usual. Asked once for a package, when all that it is made of is known; what comes out does not change any more.

use crate::ids::{ModuleId, Target};
use crate::package::Format;
use crate::package::description::carries::Carries;
use crate::package::description::extra::{Extra, Role};
use crate::package::description::identity::{Identity, Scriptlets};
use crate::package::description::info::{Fields, Origin, PackageInfo};
use crate::package::description::template::Template;
use crate::package::description::texts;
use crate::package::description::usual::Usual;
use crate::package::description::wishes::{Said, Wishes};
use crate::package::input::payload::Payload;
use crate::package::module::license;
use crate::package::module::survey::{Survey, one_line};
use crate::package::words::names;
use crate::package::words::names::NameError;
use crate::package::words::relations::parse::{RelationError, Replaced};
use crate::package::words::relations::{Kind, Relation};
use crate::package::words::version;
use crate::package::words::version::VersionError;

/// What a package is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Material<'a> {
    pub(crate) carries: &'a Carries,
    pub(crate) payload: &'a Payload,
    /// What they say about themselves.
    pub(crate) survey: &'a Survey,
    /// Seconds since 1970: the time of everything in the package.
    pub(crate) date: u64,
}

/// Whose description is wanted, and everybody who has a say in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) format: Format,
    pub(crate) module: &'a ModuleId,
    pub(crate) wishes: &'a Wishes,
    pub(crate) template: Option<&'a Template>,
    /// The name that the packaging of a source package has in it, which no option can change.
    pub(crate) fixed_name: Option<&'a str>,
    pub(crate) scriptlets: Scriptlets,
    pub(crate) material: Material<'a>,
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
    #[error("{0} takes packages of another format")]
    Profile(String),
    /// An architecture that is no word.
    #[error("`{0}` is not the name of an architecture")]
    Architecture(String),
}

/// Settles everything. `usual` is asked once the name is known; sentences about what was assumed go to `warnings`.
pub(crate) fn resolve(
    subject: &Subject,
    usual: impl FnOnce(&Identity) -> Usual,
    warnings: &mut Vec<String>,
) -> Result<PackageInfo, InfoError> {
    let Subject { format, module, wishes, template, material, .. } = *subject;
    let mut voices =
        Voices { wishes: &wishes.said, template: template.map(|template| &template.said), heard: Vec::new() };
    let license = license(&mut voices, material.survey, warnings);
    if let Some(profile) = wishes.profile.as_ref().filter(|profile| profile.format != format) {
        return Err(InfoError::Profile(profile.name.clone()));
    }
    let identity = identity(subject, &mut voices, warnings)?;
    let architecture = architecture(format, &mut voices, material.payload, warnings)?;
    let summary = summary(subject, &mut voices);
    let own = voices.first("description", |said| said.description.clone(), None);
    let maintainer = maintainer(subject, &mut voices, warnings)?;
    let wished = wished(&identity, wishes)?;
    let Usual { relations, scripts, extras } = substance(&identity, template, wished, wishes, usual);
    Ok(PackageInfo::new(Fields {
        architecture,
        summary,
        description: texts::description(module, own.as_deref(), material.carries, material.survey),
        license,
        maintainer,
        vendor: voices.first("vendor", |said| said.vendor.as_deref().map(one_line), None),
        url: voices.first("url", |said| said.url.as_deref().map(one_line), None),
        holders: material.survey.holders.clone(),
        // A person who names the licence means all of it.
        parts: if voices.is_of_source("license") { license::parts(material.survey) } else { Vec::new() },
        date: material.date,
        relations,
        scripts,
        extras,
        changelog: voices
            .first("changelog", |said| Some(said.changelog.clone()).filter(|entries| !entries.is_empty()), None)
            .unwrap_or_default(),
        section: material.carries.section(),
        change: material.carries.change(module),
        copyright: template.and_then(|template| template.copyright.clone()),
        distribution: wishes.profile.as_ref().map(|profile| profile.name.clone()),
        recipe: wishes.profile.as_ref().and_then(|profile| profile.recipe),
        origins: voices.heard,
        identity,
    }))
}

/// Those who are asked, in this order, and who answered.
struct Voices<'a> {
    wishes: &'a Said,
    template: Option<&'a Said>,
    heard: Vec<(&'static str, Origin)>,
}

impl Voices<'_> {
    /// What the first one says who says something; `source` is what the source does.
    fn first<T>(&mut self, option: &'static str, ask: impl Fn(&Said) -> Option<T>, source: Option<T>) -> Option<T> {
        let wished = ask(self.wishes).map(|said| (said, Origin::CommandLine));
        let found = wished
            .or_else(|| Some((ask(self.template?)?, Origin::Template)))
            .or_else(|| Some((source?, Origin::Source)))?;
        self.heard.push((option, found.1));
        Some(found.0)
    }

    fn is_of_source(&self, option: &str) -> bool {
        self.heard.iter().any(|(heard, origin)| *heard == option && *origin == Origin::Source)
    }

    /// The same, or what is usual.
    fn or<T>(&mut self, option: &'static str, found: Option<T>, usual: impl FnOnce() -> T) -> T {
        found.unwrap_or_else(|| {
            self.heard.push((option, Origin::Default));
            usual()
        })
    }
}

fn license(voices: &mut Voices, survey: &Survey, warnings: &mut Vec<String>) -> String {
    let found = voices.first("license", |said| said.license.as_deref().map(one_line), license::from_sources(survey));
    if found.is_none() {
        warnings.push("the source names no licence; --license sets one (an SPDX expression)".to_owned());
    }
    voices.or("license", found, || license::UNKNOWN.to_owned())
}

fn identity(subject: &Subject, voices: &mut Voices, warnings: &mut Vec<String>) -> Result<Identity, InfoError> {
    let Subject { format, module, wishes, material, .. } = *subject;
    let (version, release) = version_and_release(subject, voices, warnings)?;
    let chosen = voices.first("package-name", |said| said.package_name.clone(), None);
    if let Some(name) = &chosen {
        names::check_package_name(format, name)?;
    }
    let named_by_hand = chosen.is_some();
    let usual = material.carries.name(format, module)?;
    let name = voices.or("package-name", chosen, || usual);
    let name = subject.fixed_name.map_or(name, str::to_owned);
    Ok(Identity {
        format,
        module: module.clone(),
        target: target(material.carries),
        named_by_hand,
        version,
        epoch: voices.first("epoch", |said| said.epoch, None),
        release,
        scriptlets: subject.scriptlets,
        place: material.carries.place(module, format, wishes.profile.as_ref()),
        certificate: wishes.certificate.is_some().then(|| format!("{}/mok.der", own_folder(&name))),
        name,
    })
}

fn target(carries: &Carries) -> Option<Target> {
    match carries {
        Carries::Source | Carries::Recipe | Carries::Repository => None,
        Carries::Modules(target) | Carries::Follower(target) => Some(target.clone()),
    }
}

fn own_folder(name: &str) -> String {
    format!("/usr/share/{name}")
}

fn version_and_release(
    subject: &Subject,
    voices: &mut Voices,
    warnings: &mut Vec<String>,
) -> Result<(String, String), InfoError> {
    let Subject { format, module, wishes, .. } = *subject;
    // A template that has the module's own version leaves it to us to map it to what the format allows.
    let differs = |version: &String| version != module.version.as_str();
    let template = voices.template.and_then(|said| said.package_version.clone()).filter(differs);
    let version = match (&voices.wishes.package_version, template) {
        (Some(version), _) => {
            voices.heard.push(("package-version", Origin::CommandLine));
            version.clone()
        }
        (None, Some(version)) => {
            voices.heard.push(("package-version", Origin::Template));
            version
        }
        (None, None) => {
            voices.heard.push(("package-version", Origin::Source));
            let mapped = version::map(format, module.version.as_str());
            warnings.extend(mapped.warnings);
            mapped.version
        }
    };
    version::check(format, &version)?;
    let suffix = wishes.profile.as_ref().map_or("", |profile| profile.suffix.as_str());
    let release = voices.first("release", |said| said.release.clone(), None);
    let release = format!("{}{suffix}", voices.or("release", release, || "1".to_owned()));
    version::check_release(format, &release)?;
    Ok((version, release))
}

fn architecture(
    format: Format,
    voices: &mut Voices,
    payload: &Payload,
    warnings: &mut Vec<String>,
) -> Result<String, InfoError> {
    if let Some(given) = voices.first("arch", |said| said.architecture.clone(), None) {
        let word = !given.is_empty() && given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        return if word { Ok(given) } else { Err(InfoError::Architecture(given)) };
    }
    let Some(machine) = payload.machines.iter().min_by_key(|machine| machine.rank()) else {
        if let Some(program) = payload.programs.first() {
            let more = if payload.programs.len() > 1 { " and others are programs" } else { " is a program" };
            warnings.push(format!(
                "{program}{more} for one processor; no module is linked from it, so the package is for all of them \
                 (--arch sets another)"
            ));
        }
        let independent = match format {
            Format::Deb => "all",
            Format::Rpm => "noarch",
            Format::Pac => "any",
        };
        return Ok(voices.or("arch", None, || independent.to_owned()));
    };
    let unnamed = || InfoError::Machine(payload.objects.first().cloned().unwrap_or_default());
    let name = machine.name(format).ok_or_else(unnamed)?;
    if payload.machines.len() > 1 {
        warnings.push(format!(
            "the source has prebuilt objects for several processors; the package is for {name} only, --arch sets another"
        ));
    }
    if let ([_], Some(object)) = (payload.machines.iter().collect::<Vec<_>>().as_slice(), payload.objects.first()) {
        warnings.push(format!(
            "{object} is linked into a module and made for one processor, so the package is for {name} only"
        ));
    }
    voices.heard.push(("arch", Origin::Source));
    Ok(name.to_owned())
}

fn summary(subject: &Subject, voices: &mut Voices) -> String {
    let Subject { format, module, material, .. } = *subject;
    let said = |said: &Said| said.summary.as_deref().map(one_line).filter(|text| !text.is_empty());
    let described =
        texts::described(module, material.survey).map(|text| texts::summary(format, &text, material.carries));
    let found = voices.first("summary", said, described);
    voices.or("summary", found, || texts::summary(format, &format!("kernel module {}", module.name), material.carries))
}

fn maintainer(subject: &Subject, voices: &mut Voices, warnings: &mut Vec<String>) -> Result<Option<String>, InfoError> {
    // One MODULE_AUTHOR often names several people.
    let mut authors =
        subject.material.survey.authors.iter().flat_map(|authors| authors.split([',', ';'])).map(str::trim);
    let author = authors.find(|author| is_mailbox(author)).map(str::to_owned);
    match (voices.first("maintainer", |said| said.maintainer.as_deref().map(one_line), author), subject.format) {
        (Some(person), _) if is_mailbox(&person) => Ok(Some(person)),
        (Some(other), _) => Err(InfoError::Maintainer(other)),
        (None, Format::Rpm | Format::Pac) => Ok(None),
        (None, Format::Deb) => {
            let Some(packager) = &subject.wishes.packager else { return Err(InfoError::NoMaintainer) };
            if packager.is_account {
                warnings.push(format!(
                    "nobody is named as the maintainer, so it is {}; --maintainer 'Name <address>' names one, as do \
                     DEBFULLNAME and DEBEMAIL",
                    packager.person
                ));
            }
            Ok(voices.or("maintainer", None, || Some(packager.person.clone())))
        }
    }
}

/// What a person wants the package to need, offer and replace.
fn wished(identity: &Identity, wishes: &Wishes) -> Result<Vec<Relation>, InfoError> {
    let mut relations = Vec::new();
    for (kind, text) in &wishes.relations {
        relations.extend(Relation::parse_list(identity.format, *kind, text)?);
    }
    for text in &wishes.replaces {
        let replaced = Replaced::parse(identity.format, text)?;
        relations.extend(replaced.relations(identity.format, &identity.full_version()));
    }
    Ok(relations)
}

/// Relations, scripts and files: a template's take the place of the usual ones; what a person wishes comes besides.
fn substance(
    identity: &Identity,
    template: Option<&Template>,
    wished: Vec<Relation>,
    wishes: &Wishes,
    usual: impl FnOnce(&Identity) -> Usual,
) -> Usual {
    let mut extras = wishes.files.clone();
    if let (Some(bytes), Some(file)) = (&wishes.certificate, &identity.certificate) {
        extras.push(Extra::folder(own_folder(&identity.name)));
        extras.push(Extra::file(file, Role::Data, bytes.clone()));
    }
    let Some(template) = template else {
        let mut usual = usual(identity);
        for relation in wished {
            if !usual.relations.contains(&relation) {
                usual.relations.push(relation);
            }
        }
        extras.append(&mut usual.extras);
        return Usual { extras, ..usual };
    };
    of_template(template, identity, (wished, extras), usual)
}

/// A package without a script would only lie there: that nobody means who leaves them to debhelper, or forgot them.
fn of_template(
    template: &Template,
    identity: &Identity,
    (wished, mut extras): (Vec<Relation>, Vec<Extra>),
    usual: impl FnOnce(&Identity) -> Usual,
) -> Usual {
    let mut relations = template.relations.clone();
    relations.extend(wished);
    extras.extend(template.extras.iter().cloned());
    if template.scripts.is_empty() {
        let usual = usual(identity);
        let what = |relation: &Relation| (relation.kind, relation.name.clone(), relation.phase);
        let known: Vec<_> = relations.iter().map(what).collect();
        relations.extend(usual.relations.into_iter().filter(|relation| !known.contains(&what(relation))));
        extras.extend(usual.extras);
        return Usual { relations, scripts: usual.scripts, extras };
    }
    if identity.format == Format::Rpm {
        relations.push(Relation::any(Kind::Requires, "/bin/sh"));
    }
    Usual { relations, scripts: template.scripts.clone(), extras }
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
