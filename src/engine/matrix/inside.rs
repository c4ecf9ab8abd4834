//! The process that builds cells: it sees headers, sources and a tree of its own where they lie on every machine, whatever lies
//! there on this one. So the paths that a module holds are the same wherever it is built.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::batch::{Found, Job, Left};
use crate::conf::TrySign;
use crate::engine::app::App;
use crate::engine::preflight::Places;
use crate::engine::preflight::verdict::{self, Standing, Trying, Verdict};
use crate::engine::{gather, ourselves, work};
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::kernel::modinfo::read_module;
use crate::kernel::symbols;
use crate::request::{Request, Wish};
use crate::step::{Policy, Switch};
use crate::sys::copy::copy_tree;
use crate::sys::world::{Layer, With, enter};

/// The job that the first process left in this folder.
pub(crate) fn job(folder: &Path) -> Result<Job> {
    ourselves::job(&Places::of(folder).job())
}

/// Does the job. Must be called in a process that has no threads yet.
pub(crate) fn run(mut app: App, job: &Job, folder: &Path) -> Result<()> {
    let places = Places::of(folder);
    let layers = layers(&app, &places, folder).map_err(|error| Error::io("a system aside cannot be made", error))?;
    enter(&layers).map_err(|error| {
        Error::io("cells are built as root, by mounts that nobody else sees, and these are refused", error)
            .hint("do it as root, outside of containers that refuse mounts")
    })?;
    if !job.signs {
        // A key that is made here would go with this world.
        app.framework.try_sign = TrySign::No;
    }
    let failed = |error| Error::io("modules cannot be built aside", error);
    let lock = app.lock()?;
    for id in &job.trial.fresh {
        let place = app.tree.layout().source_tree_name().join(id.source_folder());
        lock.writer().register_at(id, &place).map_err(failed)?;
    }
    let policy = Policy { jobs: job.jobs, switches: [Switch::KeepFailures].into(), ..Policy::default() };
    let request = Request { wish: Wish::Trial(job.trial.clone()), policy };
    let plan = request.plan(&gather::snapshot(&app, &request)?);
    let outcomes = work::carry_out(&app, &plan, &request.policy, &lock);
    let verdicts = verdict::all(&plan, &outcomes, Trying::default());
    verdicts.iter().try_for_each(|verdict| leave(&app, verdict, folder)).map_err(failed)?;
    ourselves::leave(&places.found(), &Found { verdicts }).map_err(failed)
}

/// Where the host has its sources, kernels and tree lie those of the job, and what headers are built with beside what it has.
fn layers(app: &App, places: &Places, folder: &Path) -> io::Result<Vec<Layer>> {
    let (layout, cargo) = (app.tree.layout(), places.cargo());
    let tools = cargo.join("usr/lib");
    let library = app.system.path("/usr/lib");
    let modules = [cargo.join("usr/lib/modules"), cargo.join("lib/modules")].into_iter().find(|folder| folder.is_dir());
    let mut layers = Vec::new();
    let has_tools = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name() != "modules")
    };
    if has_tools(&tools) {
        layers.push(Layer { at: library, with: With::Files(tools) });
    }
    let mut instead = vec![(layout.source_tree(), cargo.join("usr/src")), (layout.tree(), folder.join("tree"))];
    instead.extend(modules.map(|modules| (layout.install_tree(), modules)));
    for (place, with) in instead {
        layers.push(Layer { at: fs::canonicalize(place)?, with: With::Folder(with) });
    }
    Ok(layers)
}

/// What the first process finds of a module: the tree goes with this one.
fn leave(app: &App, verdict: &Verdict, folder: &Path) -> io::Result<()> {
    let (layout, left) = (app.tree.layout(), Left::of(folder, &verdict.module));
    let built = layout.built(&verdict.module, &verdict.target);
    let log = match verdict.standing {
        Standing::Builds => built.join("log/make.log"),
        _ => layout.build_folder(&verdict.module).join("make.log"),
    };
    fs::create_dir_all(left.log().parent().unwrap_or(folder))?;
    if log.is_file() {
        fs::copy(log, left.log())?;
    }
    if verdict.standing == Standing::Builds {
        copy_tree(&layout.built_modules(&verdict.module, &verdict.target), &left.modules())?;
        fs::write(left.symvers(), symvers(app, &verdict.module, &verdict.target)?)?;
    }
    Ok(())
}

/// The lines of the kernel's list of symbols that the modules need: packages of them name these.
fn symvers(app: &App, module: &ModuleId, target: &Target) -> io::Result<String> {
    let layout = app.tree.layout();
    let mut needed = BTreeSet::new();
    for entry in fs::read_dir(layout.built_modules(module, target))? {
        let file: PathBuf = entry?.path();
        let Ok(content) = read_module(&file) else { continue };
        needed.extend(symbols::needed(&content).unwrap_or_default().into_iter().map(|symbol| symbol.name));
    }
    let list = layout.kernel_modules(target).join("build/Module.symvers");
    let text = fs::read_to_string(list).unwrap_or_default();
    let is_needed = |line: &&str| line.split_whitespace().nth(1).is_some_and(|name| needed.contains(name));
    Ok(text.lines().filter(is_needed).map(|line| format!("{line}\n")).collect())
}
