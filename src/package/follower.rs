//! The package without files that needs the built modules of the newest kernel of a flavour, so that upgrades bring the next.

use super::Format;
use super::make::{Made, PackageRequest, finish, refused};
use crate::error::Result;
use crate::ids::Target;
use crate::package::description::carries::Carries;
use crate::package::description::identity::Scriptlets;
use crate::package::description::info::PackageInfo;
use crate::package::description::resolve::{Material, Subject, resolve};
use crate::package::description::usual::Usual;
use crate::package::input::payload::Payload;
use crate::package::module::survey::Survey;
use crate::package::words::names;
use crate::package::words::relations::{Kind, Relation};
use crate::report::Reporter;

/// Makes the one that needs this package of built modules.
pub(crate) fn make(
    newest: &PackageInfo,
    target: &Target,
    request: &PackageRequest,
    reporter: &dyn Reporter,
) -> Result<Made> {
    let mut warnings = Vec::new();
    let mut request = request.clone();
    let said = &mut request.wishes.said;
    // What is said of the packages that bring modules, but for their name.
    said.package_name = None;
    said.package_version = Some(version(request.format, newest, target));
    said.license = Some(newest.license.clone());
    said.maintainer = newest.maintainer.clone();
    said.architecture = Some(newest.architecture.clone());
    request.wishes.relations.clear();
    request.wishes.replaces.clear();
    request.wishes.files.clear();
    request.wishes.certificate = None;
    request.provenance = None;
    let (carries, payload, survey) = (Carries::Follower(target.clone()), Payload::default(), Survey::default());
    let subject = Subject {
        format: request.format,
        module: &newest.module,
        wishes: &request.wishes,
        template: None,
        fixed_name: None,
        scriptlets: Scriptlets::Portable,
        material: Material { carries: &carries, payload: &payload, survey: &survey, date: newest.date },
    };
    let needs = Relation::exactly(Kind::Requires, &newest.name, newest.full_version());
    let usual = |_: &_| Usual { relations: vec![needs], ..Usual::default() };
    let info = resolve(&subject, usual, &mut warnings).map_err(refused)?;
    finish(info, &payload, &request, warnings, reporter)
}

/// It rises with the module and, where that stays, with the kernel: `1.0+6.12.9`. To RPM a `+` is as good as a dot, and a `^`
/// what comes after 1.0 and before 1.0.1 (rpm-version(7)).
fn version(format: Format, newest: &PackageInfo, target: &Target) -> String {
    let (kernel, _) = names::flavoured(format, target.kernel.as_str());
    match format {
        Format::Deb => format!("{}+{}", newest.version, kernel.replace(['-', '_'], ".")),
        Format::Rpm | Format::Pac => format!("{}^{}", newest.version, kernel.replace('-', "_")),
    }
}
