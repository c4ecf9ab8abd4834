//! Which version a kernel has meanwhile: one whose successor failed or waits serves on.

use crate::error::Result;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::installed;
use crate::snapshot::prebuilt::serving;
use crate::step::Inputs;
use crate::tree::brought::Brought;
use crate::tree::leaving;
use crate::tree::records::{self, Failure};
use crate::tree::{Layout, ModuleEntry};

use super::app::App;

/// Whether a version without source left with its package and serves until another one, which is there, can take its place.
pub(crate) fn is_kept(entry: &ModuleEntry, modules: &[ModuleEntry], layout: &Layout) -> bool {
    let takes_over = |other: &ModuleEntry| other.id.name == entry.id.name && other.id != entry.id && !other.is_broken();
    entry.is_broken()
        && modules.iter().any(takes_over)
        && entry.builds.iter().any(|build| build.installed)
        && (records::one::<Brought>(layout, &entry.id, None).is_some() || leaves(&entry.id, layout))
}

fn leaves(id: &ModuleId, layout: &Layout) -> bool {
    leaving::all(layout).is_ok_and(|notes| notes.iter().any(|note| note.id == *id))
}

/// The version of a module that a kernel has.
pub(crate) fn on<'m>(target: &Target, name: &ModuleName, modules: &'m [ModuleEntry]) -> Option<&'m ModuleId> {
    modules.iter().find(|entry| entry.id.name == *name && entry.is_installed_on(target)).map(|entry| &entry.id)
}

/// The newest versions that a package brought finished for a kernel, one sentence each (framework.conf's `prebuilt`).
pub(crate) fn brought(app: &App, modules: &[ModuleEntry], is_wanted: &dyn Fn(&Target) -> bool) -> Result<Vec<String>> {
    if !app.framework.prebuilt {
        return Ok(Vec::new());
    }
    let (inputs, mut lines) = (Inputs::default(), Vec::new());
    for target in app.kernels()?.into_iter().filter(is_wanted) {
        let kernel = installed::kernel(app.tree.layout(), &target, None);
        for entry in modules.iter().filter(|entry| !entry.is_broken()) {
            let Some((found, refused)) = serving(&app.view(&inputs), &kernel, &entry.id.name) else { continue };
            if !found.covers(&entry.id.version) {
                continue;
            }
            lines.push(match refused {
                Some(why) => {
                    let (id, kernel, package) = (&entry.id, &target.kernel, &found.package);
                    format!("{id} for {kernel}: {package} has it, and it does not serve: {why}")
                }
                None => found.told(&entry.id, &target),
            });
        }
    }
    Ok(lines)
}

/// What the kernel of a failure has of the module nevertheless, in words; empty when it has nothing.
pub(crate) fn instead(failure: &Failure, modules: &[ModuleEntry]) -> String {
    let serving = failure.target.as_ref().and_then(|target| on(target, &failure.module.name, modules));
    match serving {
        None => String::new(),
        Some(id) => format!("; {} serves there until then", name(id, &failure.module)),
    }
}

fn name(id: &ModuleId, failed: &ModuleId) -> String {
    if id == failed { "an earlier build of it".to_owned() } else { id.to_string() }
}
