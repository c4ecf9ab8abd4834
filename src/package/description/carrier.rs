//! The package that carries a module's source: its relations to others, and its scripts.

use crate::package::Format;
use crate::package::description::identity::{Identity, Scriptlets};
use crate::package::description::scripts;
use crate::package::description::usual::Usual;
use crate::package::words::names;
use crate::package::words::profile;
use crate::package::words::profile::Profile;
use crate::package::words::relations::{Kind, Phase, Relation, Script};

/// All of it, as long as no template says otherwise.
pub(crate) fn usual(identity: &Identity, profile: Option<&Profile>) -> Usual {
    Usual { relations: relations(identity, profile), scripts: scripts(identity), extras: Vec::new() }
}

/// What the package needs and offers. Headers are recommended, never required: the dkms package of a distribution brings
/// them, too, and one that is not for a distribution would name them wrongly.
fn relations(identity: &Identity, profile: Option<&Profile>) -> Vec<Relation> {
    let headers = match (profile, identity.format) {
        (Some(profile), _) => profile.headers,
        (None, Format::Deb) => profile::ANY_DEBIAN,
        (None, Format::Rpm) => &[],
    };
    let headers = headers.iter().map(|name| Relation::any(Kind::Recommends, *name));
    match identity.format {
        Format::Deb => debian(identity, headers.collect()),
        Format::Rpm => rpm(identity, headers.collect()),
    }
}

/// The scripts that have a DKMS do the work.
fn scripts(identity: &Identity) -> Vec<Script> {
    let texts = match (identity.scriptlets, identity.format) {
        (Scriptlets::None, _) => return Vec::new(),
        (Scriptlets::Portable, Format::Deb) => {
            vec![(Phase::AfterInstall, scripts::DEB_POSTINST), (Phase::BeforeRemoval, scripts::DEB_PRERM)]
        }
        (Scriptlets::Portable, Format::Rpm) => vec![
            (Phase::AfterInstall, scripts::RPM_POST),
            (Phase::BeforeRemoval, scripts::RPM_PREUN),
            (Phase::AfterTransaction, scripts::RPM_POSTTRANS),
        ],
    };
    texts.into_iter().map(|(phase, text)| Script { phase, text: scripts::fill(text, identity) }).collect()
}

fn debian(identity: &Identity, headers: Vec<Relation>) -> Vec<Relation> {
    let modules = format!("{}-modules", names::base_name(Format::Deb, identity.module.name.as_str()));
    let mut relations = vec![Relation::any(Kind::Requires, "dkms")];
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

fn rpm(identity: &Identity, headers: Vec<Relation>) -> Vec<Relation> {
    let dkms = || Relation::any(Kind::Requires, "dkms");
    let mut relations = vec![dkms()];
    match identity.scriptlets {
        Scriptlets::Portable => {
            relations.push(Relation::any(Kind::Requires, "/bin/sh"));
            let phases = [Phase::AfterInstall, Phase::BeforeRemoval, Phase::AfterTransaction];
            relations.extend(phases.map(|phase| dkms().by(phase)));
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
