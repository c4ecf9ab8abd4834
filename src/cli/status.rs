//! `dkms status`

use std::path::{Path, PathBuf};

use crate::action::install;
use crate::conf::Commands;
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::snapshot;
use crate::snapshot::inputs::Memo;
use crate::status::{Files, Filter, Looks, OfBuild, Row, rows};
use crate::step::Inputs;
use crate::sys::room::Level;
use crate::tree::difference::Condition;
use crate::tree::records;
use crate::tree::stray::{self, Stray};
use crate::tree::{Build, ModuleEntry, VersionState};

use super::legacy::Typed;
use super::{known, operand, targets};
use crate::engine::app::App;
use crate::engine::{document, failures, mok, pending, serving, untrusted};

/// Lists the states. Takes no lock, waits for nobody and runs nothing of the modules'.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let filter = filter(typed, typed.operand());
    let is_kept = |entry: &ModuleEntry| serving::is_kept(entry, &modules, app.tree.layout());
    let (memo, common) = (Memo::default(), install::common_folder(&app.system));
    let look = |entry: &ModuleEntry, build: &Build| look(app, (entry, build), common.as_deref(), &memo);
    let looks = Looks { build: &look, is_kept: &is_kept };
    let mut rows = rows(&modules, &filter, &looks);
    if typed.json {
        name_files(app, &modules, &mut rows);
    }
    let failures = failures::shown(app.tree.layout(), &rows, &typed.kernels);
    let told: Vec<&ModuleEntry> = modules.iter().filter(|entry| !is_kept(entry)).collect();
    let broken = broken(&told, &rows);
    let pending = pending::of(app, modules.clone(), &rows, &typed.kernels).unwrap_or_else(|error| {
        app.reporter.warn(format!("what waits is not known: {error}"));
        Vec::new()
    });
    if typed.json {
        app.reporter.document(document::status(&rows, &failures, &pending)?);
    } else if !rows.is_empty() {
        app.reporter.answer(rows.iter().map(Row::to_string).collect::<Vec<_>>().join("\n"));
    }
    if let Some(near) = filter.name.as_deref().filter(|_| rows.is_empty()).and_then(|name| known::near(app, name)) {
        app.reporter.warn(format!("nothing is listed; {near}"));
    }
    if let Some(error) = filter.arch.as_deref().and_then(|arch| targets::unheard_of(arch, app)) {
        app.reporter.warn(format!("{error}; {}", error.hints().join("; ")));
    }
    broken.into_iter().for_each(|line| app.reporter.warn(line));
    hidden(app)?.into_iter().for_each(|line| app.reporter.warn(line));
    failures::tell(&failures, &modules, &app.reporter);
    pending::lines(&pending).into_iter().for_each(|line| app.reporter.warn(line));
    let listed: Vec<ModuleEntry> =
        modules.iter().filter(|entry| rows.iter().any(|row| row.is_of(&entry.id))).cloned().collect();
    let is_named = |target: &Target| {
        let named = |word: &String| word.split('/').next() == Some(target.kernel.as_str());
        typed.kernels.is_empty() || typed.kernels.iter().any(named)
    };
    serving::brought(app, &listed, &is_named)?.into_iter().for_each(|line| app.reporter.warn(line));
    let is_shown = |id: &ModuleId, target: &Target| rows.iter().any(|row| row.is_on(id, target));
    untrusted::lines(&untrusted::installed(app, &is_shown)?).into_iter().for_each(|line| app.reporter.warn(line));
    Ok(())
}

/// Says where the files of installed modules are.
fn name_files(app: &App, modules: &[ModuleEntry], rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| row.state == "installed") {
        let Some(entry) = modules.iter().find(|entry| row.is_of(&entry.id)) else { continue };
        let is_it = |build: &&Build| row.kernel.as_deref() == Some(build.target.kernel.as_str());
        let targets = entry.builds.iter().filter(is_it).map(|build| &build.target);
        row.paths = targets.flat_map(|target| mok::files(app, entry, target)).collect();
    }
}

fn filter(typed: &Typed, operand: Option<&str>) -> Filter {
    let (name, version) = operand::parts(typed, operand);
    let split = |word: &String| match word.split_once('/') {
        Some((kernel, arch)) => (kernel.to_owned(), Some(arch.to_owned())),
        None => (word.clone(), None),
    };
    Filter { name, version, kernels: typed.kernels.iter().map(split).collect(), arch: typed.arches.first().cloned() }
}

fn broken(modules: &[&ModuleEntry], rows: &[Row]) -> Vec<String> {
    let shown = |entry: &&&ModuleEntry| rows.iter().any(|row| row.is_of(&entry.id));
    let told = |entry: &ModuleEntry| match &entry.state {
        VersionState::Broken { why } => Some(format!("{} is broken: {why}", entry.id)),
        VersionState::Added { .. } => None,
    };
    modules.iter().filter(shown).filter_map(|entry| told(entry)).collect()
}

/// What keeps something from being listed.
fn hidden(app: &App) -> Result<Vec<String>> {
    let layout = app.tree.layout();
    let strays = stray::hiding(layout).map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let line = |path: &PathBuf, what: &str| Some(format!("{} {what}: see `dkms fsck`", layout.named(path).display()));
    let told = |stray: &Stray| match stray {
        Stray::File(path) => line(path, "is no folder of a module"),
        Stray::NoFolder(path) => line(path, "is no folder, and the notes that belong there are lost"),
        Stray::Link(_, _, path) => line(path, "names a build as installed that is not there"),
        Stray::OddLink(_, path) => line(path, "names no build"),
        _ => None,
    };
    Ok(strays.iter().filter_map(told).collect())
}

/// Compares what was built with what is under the kernel, and tells what is noted about the build. What dkms.conf says is
/// used as far as it can be known without running anything.
fn look(app: &App, (entry, build): (&ModuleEntry, &Build), common: Option<&Path>, memo: &Memo) -> OfBuild {
    let layout = app.tree.layout();
    let conf = layout.source_link(&entry.id).join("dkms.conf");
    let inputs = Inputs::default();
    let loaded = snapshot::load(&app.view(&inputs), &conf, (&entry.id, &build.target), Commands::Refuse, memo).ok();
    let noted = records::fingerprint_of(layout, &entry.id, &build.target, build.stamp);
    let placed = noted.as_ref().map(|noted| &noted.placed[..]).unwrap_or_default();
    let files = match install::check_files((layout, common), (entry, build), loaded.as_ref(), placed) {
        Condition::Sound => Files::Sound,
        Condition::Differs => Files::Different,
        Condition::BuiltMissing => Files::BuiltMissing,
    };
    let room = noted.as_ref().and_then(|noted| noted.room).map(Level::name);
    OfBuild { files, unsigned: noted.and_then(|noted| noted.unsigned), room }
}
