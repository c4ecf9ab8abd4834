//! The package that carries a module's source: its relations to others, and its scripts.

use crate::package::Format;
use crate::package::description::extra::Extra;
use crate::package::description::identity::{Identity, Scriptlets};
use crate::package::description::scripts;
use crate::package::description::settle::settle;
use crate::package::description::usual::Usual;
use crate::package::module::since::Least;
use crate::package::words::names;
use crate::package::words::profile;
use crate::package::words::profile::Profile;
use crate::package::words::relations::{Kind, Phase, Relation, Script};

/// All of it, as long as no template says otherwise.
pub(crate) fn usual(identity: &Identity, profile: Option<&Profile>, least: Option<&Least>, brought: &[Extra]) -> Usual {
    let dkms = match least {
        None => Relation::any(Kind::Requires, "dkms"),
        Some(least) => Relation::at_least(Kind::Requires, "dkms", least.release),
    };
    Usual { relations: relations(identity, profile, dkms), scripts: scripts(identity, brought), extras: Vec::new() }
}

/// What the package needs and offers. Headers are recommended, never required: the dkms package of a distribution brings
/// them, too, and one that is not for a distribution would name them wrongly.
fn relations(identity: &Identity, profile: Option<&Profile>, dkms: Relation) -> Vec<Relation> {
    let headers = match (profile, identity.format) {
        (Some(profile), _) => profile.headers,
        (None, Format::Deb) => profile::ANY_DEBIAN,
        (None, Format::Rpm | Format::Pac) => &[],
    };
    let headers = headers.iter().map(|name| Relation::any(Kind::Recommends, *name));
    match identity.format {
        Format::Deb => debian(identity, dkms, headers.collect()),
        Format::Rpm => rpm(identity, dkms, headers.collect()),
        Format::Pac => vec![dkms],
    }
}

/// The scripts that have a DKMS do the work, and the system take note of further files.
fn scripts(identity: &Identity, brought: &[Extra]) -> Vec<Script> {
    let texts = match (identity.scriptlets, identity.format) {
        (Scriptlets::None, _) | (_, Format::Pac) => return Vec::new(),
        (Scriptlets::Portable, Format::Deb) => {
            vec![
                (Phase::BeforeInstall, scripts::DEB_PREINST),
                (Phase::AfterInstall, scripts::DEB_POSTINST),
                (Phase::BeforeRemoval, scripts::DEB_PRERM),
                (Phase::AfterRemoval, scripts::DEB_POSTRM),
            ]
        }
        (Scriptlets::Portable, Format::Rpm) => vec![
            (Phase::AfterInstall, scripts::RPM_POST),
            (Phase::BeforeRemoval, scripts::RPM_PREUN),
            (Phase::AfterTransaction, scripts::RPM_POSTTRANS),
        ],
    };
    let settle = settle(identity.format, brought);
    texts.into_iter().map(|(phase, text)| Script { phase, text: scripts::fill(text, identity, &settle) }).collect()
}

fn debian(identity: &Identity, dkms: Relation, headers: Vec<Relation>) -> Vec<Relation> {
    let modules = format!("{}-modules", names::base_name(Format::Deb, identity.module.name.as_str()));
    let mut relations = vec![dkms];
    if identity.scriptlets == Scriptlets::None {
        relations.push(Relation::any(Kind::Requires, "dkms-triggers"));
    }
    relations.extend(headers);
    if identity.named_by_hand {
        // The same module from two packages: one of them at a time. A package does not conflict with itself.
        relations.push(Relation::any(Kind::Conflicts, &modules));
        relations.push(Relation::any(Kind::Replaces, &modules));
    }
    relations.push(Relation::exactly(Kind::Provides, modules, identity.full_version()));
    relations
}

fn rpm(identity: &Identity, dkms: Relation, headers: Vec<Relation>) -> Vec<Relation> {
    let mut relations = vec![dkms];
    match identity.scriptlets {
        Scriptlets::Portable => {
            relations.push(Relation::any(Kind::Requires, "/bin/sh"));
            let phases = [Phase::AfterInstall, Phase::BeforeRemoval, Phase::AfterTransaction];
            relations.extend(phases.map(|phase| Relation::any(Kind::Requires, "dkms").by(phase)));
        }
        Scriptlets::None => relations.push(Relation::any(Kind::Requires, "dkms-triggers")),
    }
    relations.extend(headers);
    let (name, version) = (&identity.module.name, identity.full_version());
    relations.push(Relation::exactly(Kind::Provides, format!("dkms-{name}"), &version));
    relations.push(Relation::exactly(Kind::Provides, format!("{name}-kmod"), &version));
    if identity.named_by_hand {
        // The same module from two packages: one of them at a time. RPM ignores a conflict with oneself.
        relations.push(Relation::any(Kind::Conflicts, format!("dkms-{name}")));
    }
    relations
}
