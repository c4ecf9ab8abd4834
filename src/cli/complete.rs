//! `dkms complete WHAT WORD...`: the words that a shell offers, one a line. The words are those of the line so far, which
//! may name a module or other trees. For the shells' completions; runs nothing of any module, takes no lock.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId};
use crate::report::Reporter;

use super::legacy::Typed;
use super::words::last_value;
use super::{known, operand, plain_reporter, verbs};
use crate::engine::app::App;

/// What can be asked for.
const SUBJECTS: [&str; 7] = ["actions", "modules", "names", "versions", "sources", "kernels", "profiles"];

pub(crate) fn run(words: &[String]) -> u8 {
    let (what, line) = words.split_first().map_or(("", words), |(what, line)| (what.as_str(), line));
    let folder = |option: &str| last_value(line, &[option]).map(PathBuf::from);
    let typed = Typed {
        root: folder("--root"),
        dkmstree: folder("--dkmstree"),
        sourcetree: folder("--sourcetree"),
        installtree: folder("--installtree"),
        ..Typed::default()
    };
    let module = last_value(line, &["-m", "--module", "--mod", "--name"]);
    let found = super::open(&typed, plain_reporter()).and_then(|app| answer(&app, what, module));
    super::end(&plain_reporter(), found)
}

/// `modules` are registered, `sources` lie in the source tree and are not registered yet, `versions` are those of the
/// module that the line names.
fn answer(app: &App, what: &str, module: Option<&str>) -> Result<()> {
    let registered = || -> Result<Vec<ModuleId>> {
        let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
        Ok(modules.into_iter().map(|entry| entry.id).collect())
    };
    let found: BTreeSet<String> = match what {
        "actions" => verbs::all().map(|verb| verb.name.to_owned()).collect(),
        "modules" => registered()?.iter().map(ModuleId::to_string).collect(),
        "names" => registered()?.into_iter().map(|id| id.name.to_string()).collect(),
        "versions" => {
            let name = module.and_then(|word| operand::split(word).0);
            let is_meant = |id: &ModuleId| name.as_ref().is_none_or(|name| id.name.as_str() == name);
            let known = registered()?.into_iter().chain(known::sources(app));
            known.filter(is_meant).map(|id| id.version.to_string()).collect()
        }
        "sources" => {
            let known = registered()?;
            known::sources(app).into_iter().filter(|id| !known.contains(id)).map(|id| id.to_string()).collect()
        }
        "kernels" => kernels(app),
        #[cfg(feature = "packages")]
        "profiles" => super::package::profiles(),
        _ => return Err(Error::new(Kind::Usage, format!("complete needs one of: {}", SUBJECTS.join(", ")))),
    };
    if !found.is_empty() {
        app.reporter.answer(found.into_iter().collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

fn kernels(app: &App) -> BTreeSet<String> {
    let Ok(folders) = fs_err::read_dir(app.tree.layout().install_tree()) else { return BTreeSet::new() };
    let names = folders.flatten().map(|folder| folder.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_digit()) && KernelRelease::new(name).is_ok()).collect()
}
