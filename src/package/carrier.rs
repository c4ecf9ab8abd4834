//! The package that carries a module's source: its relations to others, and its scripts.

use super::info::{PackageInfo, Scriptlets};
use super::relations::{Kind, Phase, Relation, Script};
use super::{Format, names, scripts};

/// Header packages, by distribution; all of them are pulled in by dkms itself, too.
const DEBIAN_HEADERS: &str = "linux-headers-generic | linux-headers-amd64 | linux-headers";

/// What the package needs and offers.
pub fn relations(info: &PackageInfo) -> Vec<Relation> {
    match info.format {
        Format::Deb => debian(info),
        Format::Rpm => rpm(info),
    }
}

/// The scripts that have a DKMS do the work.
pub fn scripts(info: &PackageInfo) -> Vec<Script> {
    let texts = match (info.scriptlets, info.format) {
        (Scriptlets::None, _) => return Vec::new(),
        (Scriptlets::Full, Format::Deb) => {
            vec![(Phase::AfterInstall, scripts::DEB_POSTINST), (Phase::BeforeRemoval, scripts::DEB_PRERM)]
        }
        (Scriptlets::Full, Format::Rpm) => vec![
            (Phase::AfterInstall, scripts::RPM_POST),
            (Phase::BeforeRemoval, scripts::RPM_PREUN),
            (Phase::AfterTransaction, scripts::RPM_POSTTRANS),
        ],
    };
    texts.into_iter().map(|(phase, text)| Script { phase, text: scripts::fill(text, info) }).collect()
}

fn debian(info: &PackageInfo) -> Vec<Relation> {
    let modules = format!("{}-modules", names::base_name(Format::Deb, info.module.name.as_str()));
    let mut relations = vec![Relation::any(Kind::Requires, "dkms")];
    if info.scriptlets == Scriptlets::None {
        relations.push(Relation::any(Kind::Requires, "dkms-triggers"));
    }
    relations.push(Relation::any(Kind::Recommends, DEBIAN_HEADERS));
    if info.named_by_hand {
        // The same module from two packages: one of them at a time. A package does not conflict with itself.
        relations.push(Relation::any(Kind::Conflicts, &modules));
        relations.push(Relation::any(Kind::Replaces, &modules));
    }
    relations.push(Relation::exactly(Kind::Provides, modules, info.full_version()));
    relations
}

fn rpm(info: &PackageInfo) -> Vec<Relation> {
    let dkms = || Relation::any(Kind::Requires, "dkms");
    let mut relations = vec![dkms()];
    match info.scriptlets {
        Scriptlets::Full => {
            relations.push(Relation::any(Kind::Requires, "/bin/sh"));
            let phases = [Phase::AfterInstall, Phase::BeforeRemoval, Phase::AfterTransaction];
            relations.extend(phases.map(|phase| dkms().by(phase)));
        }
        Scriptlets::None => relations.push(Relation::any(Kind::Requires, "dkms-triggers")),
    }
    let (name, version) = (&info.module.name, info.full_version());
    relations.push(Relation::exactly(Kind::Provides, format!("dkms-{name}"), &version));
    relations.push(Relation::exactly(Kind::Provides, format!("{name}-kmod"), &version));
    if info.named_by_hand {
        // The same module from two packages: one of them at a time. RPM ignores a conflict with oneself.
        relations.push(Relation::any(Kind::Conflicts, format!("dkms-{name}")));
    }
    relations
}
