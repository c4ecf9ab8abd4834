//! Work that waits for a package or another module: what `status` knows of it, and the lines that tell it.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::ids::Target;
use crate::plan::waiting::waiting;
use crate::snapshot::Snapshot;
use crate::status::Row;
use crate::step::{Inputs, Omission, Reason};
use crate::tree::ModuleEntry;

use crate::engine::app::App;

/// What waits of the modules that these rows show, on these kernels (none: on every one).
pub(crate) fn of(app: &App, modules: Vec<ModuleEntry>, rows: &[Row], kernels: &[String]) -> Result<Vec<Omission>> {
    let inputs = Inputs::default();
    let snapshot = Snapshot::of_what_waits(&app.view(&inputs), modules)
        .map_err(|error| Error::io("cannot list the kernels", error))?;
    let is_named = |target: &Target| {
        let named = |word: &String| word.split('/').next() == Some(target.kernel.as_str());
        kernels.is_empty() || kernels.iter().any(named)
    };
    let is_shown = |omission: &Omission| {
        let of_rows = |id| rows.iter().any(|row| row.is_of(id));
        omission.module.as_ref().is_some_and(of_rows) && omission.target.as_ref().is_none_or(is_named)
    };
    Ok(waiting(&snapshot).into_iter().filter(is_shown).collect())
}

/// `a/1, b/2 for KERNEL: waiting for PACKAGE`, a line for each package and kernel; other omissions are passed over.
pub(crate) fn lines(omissions: &[Omission]) -> Vec<String> {
    let mut pending: BTreeMap<(&str, Option<&Target>), Vec<String>> = BTreeMap::new();
    for omission in omissions {
        if let Reason::Pending { on, .. } = &omission.reason {
            let module = omission.module.as_ref().map(ToString::to_string);
            pending.entry((on, omission.target.as_ref())).or_default().extend(module);
        }
    }
    let line = |((on, target), modules): ((&str, Option<&Target>), Vec<String>)| {
        let kernel = target.map(|target| format!(" for {}", target.kernel)).unwrap_or_default();
        let what = if modules.is_empty() { "modules".to_owned() } else { modules.join(", ") };
        format!("{what}{kernel}: waiting for {on}")
    };
    pending.into_iter().map(line).collect()
}
