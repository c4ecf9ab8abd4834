//! The system as it will be, for the process that tries modules: what packages bring lies over it by mounts of its own. Where
//! those are refused, trees aside hold links to both.

use std::io;
use std::path::Path;

use fs_err::os::unix::fs::symlink;

use crate::engine::app::App;
use crate::error::{Error, Result};
use crate::report::Reporter;
use crate::sys::fs::create_folders;
use crate::sys::world::{Layer, With, enter};
use crate::tree::VersionState;

use super::{Job, Places};

/// Makes the world. Gives the engine that works in it, and whether it has the paths of the real one.
pub(super) fn make(app: App, job: &Job, places: &Places) -> Result<(App, bool)> {
    let failed = |error| Error::io("a system aside cannot be made", error);
    match enter(&layers(&app, places)) {
        Ok(()) => Ok((app, true)),
        Err(error) => {
            app.reporter.detail(format!("built aside, since mounts are refused: {error}"));
            Ok((aside(app, job, places).map_err(failed)?, false))
        }
    }
}

fn layers(app: &App, places: &Places) -> Vec<Layer> {
    let (layout, cargo) = (app.tree.layout(), places.cargo());
    let real = |path: &Path| fs_err::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let library = app.system.path("/usr/lib");
    let has_more = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name() != "modules")
    };
    let mut files = vec![(real(&layout.source_tree()), cargo.join("usr/src"))];
    let install = real(&layout.install_tree());
    // An overlay over an overlay over a third one is refused by the kernel.
    if has_more(&cargo.join("usr/lib")) {
        files.push((library.clone(), cargo.join("usr/lib")));
    }
    if !(has_more(&cargo.join("usr/lib")) && install.starts_with(&library)) {
        files.extend(["usr/lib/modules", "lib/modules"].map(|folder| (install.clone(), cargo.join(folder))));
    }
    let files = files.into_iter().filter(|(at, over)| at.is_dir() && over.is_dir());
    let files = files.map(|(at, over)| Layer { at, with: With::Files(over) });
    let tree = Layer { at: real(&layout.tree()), with: With::Changes(places.changes()) };
    files.chain([tree]).collect()
}

/// Trees in the throw-away folder: sources and kernels that are there by links, what comes from where it was unpacked.
fn aside(app: App, job: &Job, places: &Places) -> io::Result<App> {
    let mut framework = app.framework.clone();
    let cargo = places.cargo();
    let own = |name: &str| app.system.inside(&places.0.join(name));
    (framework.dkms_tree, framework.install_tree) = (own("tree"), own("modules"));
    fs_err::set_permissions(&places.0, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let (tree, modules) = (places.0.join("tree"), places.0.join("modules"));
    create_folders(&tree)?;
    create_folders(&modules)?;
    for target in job.trial.coming.iter().chain(&job.trial.present) {
        let kernel = modules.join(&target.kernel);
        fs_err::create_dir_all(&kernel)?;
        symlink(headers(&app, &cargo, target.kernel.as_str())?, kernel.join("build"))?;
    }
    for entry in app.tree.modules()? {
        let VersionState::Added { source } = &entry.state else { continue };
        let version = tree.join(&entry.id.name).join(&entry.id.version);
        fs_err::create_dir_all(&version)?;
        symlink(app.system.inside(source), version.join("source"))?;
    }
    Ok(App::new(app.system, framework, app.reporter))
}

/// Where the headers of a kernel lie now, with the one line of them that names where they will lie set right.
fn headers(app: &App, cargo: &Path, kernel: &str) -> io::Result<std::path::PathBuf> {
    let links = ["usr/lib/modules", "lib/modules"].map(|folder| cargo.join(folder).join(kernel).join("build"));
    let Some(link) = links.into_iter().find(|link| std::fs::symlink_metadata(link).is_ok()) else {
        return Ok(app.tree.layout().install_tree_name().join(kernel).join("build"));
    };
    let Ok(target) = fs_err::read_link(&link) else { return Ok(app.system.inside(&link)) };
    let unpacked = cargo.join(target.strip_prefix("/").unwrap_or(&target));
    if !target.is_absolute() || !unpacked.is_dir() {
        return Ok(if target.is_absolute() { target } else { app.system.inside(&link) });
    }
    let makefile = unpacked.join("Makefile");
    let text = fs_err::read_to_string(&makefile).unwrap_or_default();
    if let Some(named) = text.lines().find_map(|line| line.strip_prefix("include /")).map(str::trim) {
        let place = cargo.join(named);
        if place.is_file() {
            let place = app.system.inside(&place);
            fs_err::write(&makefile, text.replace(&format!("/{named}"), &place.to_string_lossy()))?;
        }
    }
    Ok(app.system.inside(&unpacked))
}
