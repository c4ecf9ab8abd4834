//! `dkms remove --all` in the script of a package that is being replaced: scripts for the shell original say it in an upgrade
//! as they do in a removal. The version stays until its successor is in place, and is forgotten then.

use fs_err as fs;

use crate::engine::app::App;
use crate::error::{Error, Result};
use crate::ids::ModuleId;
use crate::report::Reporter;
use crate::request::{Kernels, Request, Wish};
use crate::snapshot::{self, View, ownership};
use crate::step::Inputs;
use crate::sys::process;
use crate::tree::TreeLock;

/// Whether the request is such a removal; then a note is left, and nothing else is to be done.
pub(crate) fn keeps(app: &App, request: &Request, lock: &TreeLock) -> Result<bool> {
    let Wish::Remove { id, kernels: Kernels::All } = &request.wish else { return Ok(false) };
    let is_known = app.tree.module(id).is_ok_and(|entry| entry.is_some());
    if !is_known || !(is_upgraded_by_dpkg(app) || is_upgraded_by_rpm(app, id)) {
        return Ok(false);
    }
    let noted = lock.writer().note_leaving(id, process::transaction());
    noted.map_err(|error| Error::io("cannot keep a note in the DKMS tree", error))?;
    app.reporter.note(format!("{id} stays until what replaces it is in place"));
    Ok(true)
}

/// deb-prerm(5): the old package's script is called with `upgrade NEW-VERSION`.
fn is_upgraded_by_dpkg(app: &App) -> bool {
    let is_upgrade = |process: process::ProcessId| {
        let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.windows(2).any(|pair| pair[0].ends_with(b".prerm") && matches!(pair[1], b"upgrade" | b"failed-upgrade"))
    };
    app.system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_some() && process::ancestors(std::process::id()).any(is_upgrade)
}

/// rpm-scriptlets(7): the new package is in place and in the database when the old one's %preun runs.
fn is_upgraded_by_rpm(app: &App, id: &ModuleId) -> bool {
    if app.system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_some() || process::transaction().is_none() {
        return false;
    }
    let layout = app.tree.layout();
    let own = layout.source_tree_name().join(id.source_folder()).join("dkms.conf");
    let view = View { system: &app.system, framework: &app.framework, tree: &app.tree, inputs: &Inputs::default() };
    let is_owned =
        |folder: &std::path::PathBuf| ownership::rpm_owners(&app.system, &layout.named(&folder.join("dkms.conf"))) > 0;
    ownership::rpm_owners(&app.system, &own) > 1 || snapshot::other_sources(&view, id).iter().any(is_owned)
}
