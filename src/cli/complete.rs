//! `dkms complete WHAT`: the words that a shell offers behind an option or action, one a line. For the shells' completions;
//! runs nothing of any module, takes no lock.

use std::collections::BTreeSet;

use crate::conf::{self, Context};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId};
use crate::report::Reporter;

use crate::engine::app::App;

/// What can be asked for.
const SUBJECTS: [&str; 5] = ["modules", "names", "versions", "sources", "kernels"];

/// `modules` (registered, as NAME/VERSION), `names`, `versions`, `sources` (of the source tree, not registered yet) or
/// `kernels`.
pub(crate) fn run(app: &App, what: Option<&str>) -> Result<()> {
    let registered = || -> Result<Vec<ModuleId>> {
        let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
        Ok(modules.into_iter().map(|entry| entry.id).collect())
    };
    let found: BTreeSet<String> = match what {
        Some("modules") => registered()?.iter().map(ModuleId::to_string).collect(),
        Some("names") => registered()?.into_iter().map(|id| id.name.to_string()).collect(),
        Some("versions") => registered()?.into_iter().map(|id| id.version.to_string()).collect(),
        Some("sources") => {
            let known = registered()?;
            sources(app).into_iter().filter(|id| !known.contains(id)).map(|id| id.to_string()).collect()
        }
        Some("kernels") => kernels(app),
        _ => return Err(Error::new(Kind::Usage, format!("complete needs one of: {}", SUBJECTS.join(", ")))),
    };
    if !found.is_empty() {
        app.reporter.answer(found.into_iter().collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// The modules whose source lies where their dkms.conf says. A folder that cannot be read offers nothing.
fn sources(app: &App) -> Vec<ModuleId> {
    let Ok(folders) = fs_err::read_dir(app.tree.layout().source_tree()) else { return Vec::new() };
    let context = Context::without_kernel(crate::sys::processors(), &[]);
    folders
        .flatten()
        .filter_map(|folder| {
            let file = folder.path().join("dkms.conf");
            let read = conf::load_lenient(&app.system, &app.framework, &file, &context).ok()?;
            let id = ModuleId::new(read.name?, read.version?);
            (folder.file_name() == id.source_folder().as_str()).then_some(id)
        })
        .collect()
}

fn kernels(app: &App) -> BTreeSet<String> {
    let Ok(folders) = fs_err::read_dir(app.tree.layout().install_tree()) else { return BTreeSet::new() };
    let names = folders.flatten().map(|folder| folder.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_digit()) && KernelRelease::new(name).is_ok()).collect()
}
