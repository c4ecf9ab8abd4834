//! What only a look at the whole disk tells: sources that packages brought and nobody registered, versions whose package
//! has gone, kernels that have gone.

use std::collections::BTreeSet;

use fs_err as fs;

use super::{Snapshot, View, ownership};
use crate::conf::{self, Context};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::installed;
use crate::sys::fingerprint;
use crate::tree::brought::Brought;
use crate::tree::records::{self, Failure, Removed, Tried};
use crate::tree::{Layout, ModuleEntry, VersionState};

impl Snapshot {
    /// Looks at source tree, install tree and records. Sources that arrived count as registered from here on: the plan
    /// registers them first.
    pub(super) fn look_at_all(&mut self, view: &View<'_>) {
        self.gone = self.kernels_that_have_gone(view);
        self.stayed = self.versions_that_stayed();
        self.moot = moot(view.tree.layout());
        self.abandoned = self.versions_without_package(view);
        self.succeeded.extend(successors(view, self.abandoned.iter()));
        for (id, source) in self.sources_that_arrived(view) {
            self.modules.push(ModuleEntry {
                id: id.clone(),
                state: VersionState::Added { source },
                builds: Vec::new(),
            });
            self.arrivals.insert(id);
        }
        self.modules.sort_by(|left, right| left.id.cmp(&right.id));
    }

    fn kernels_that_have_gone(&self, view: &View<'_>) -> BTreeSet<Target> {
        let builds = self.modules.iter().flat_map(|entry| &entry.builds);
        let built: BTreeSet<&Target> = builds.map(|build| &build.target).collect();
        built.into_iter().filter(|target| installed::has_gone(view.tree.layout(), target)).cloned().collect()
    }

    fn versions_that_stayed(&self) -> BTreeSet<ModuleId> {
        let is_broken = |id: &ModuleId| self.module(id).is_some_and(ModuleEntry::is_broken);
        let over = self.leaving.iter().filter(|note| note.is_over()).map(|note| &note.id);
        over.filter(|id| !is_broken(id)).cloned().collect()
    }

    /// A source that somebody deleted by hand, or that never belonged to a package, is not taken for one that has gone.
    fn versions_without_package(&self, view: &View<'_>) -> BTreeSet<ModuleId> {
        let layout = view.tree.layout();
        let leaves = |id: &ModuleId| self.leaving.iter().any(|note| note.id == *id);
        let was_brought = |id: &ModuleId| records::one::<Brought>(layout, id, None).is_some() || leaves(id);
        let conf = |id: &ModuleId| named_conf(layout, id);
        let broken = self.modules.iter().filter(|entry| entry.is_broken()).map(|entry| &entry.id);
        broken.filter(|id| was_brought(id) && !ownership::is_owned(view.system, &conf(id))).cloned().collect()
    }

    fn sources_that_arrived(&self, view: &View<'_>) -> Vec<(ModuleId, std::path::PathBuf)> {
        let layout = view.tree.layout();
        let Ok(entries) = fs::read_dir(layout.source_tree()) else { return Vec::new() };
        let known: BTreeSet<String> = self.modules.iter().map(|entry| entry.id.source_folder()).collect();
        let linked = |folder: &std::path::Path| {
            let is_it =
                |entry: &ModuleEntry| matches!(&entry.state, VersionState::Added { source } if source == folder);
            self.modules.iter().any(is_it)
        };
        let mut arrived: Vec<_> = entries
            .flatten()
            .filter(|entry| !known.contains(&*entry.file_name().to_string_lossy()))
            .map(|entry| entry.path())
            .filter(|folder| folder.join("dkms.conf").is_file() && !linked(folder))
            .filter(|folder| ownership::is_owned(view.system, &layout.named(&folder.join("dkms.conf"))))
            .filter_map(|folder| Some((named(view, &folder)?, folder)))
            .filter(|(id, folder)| layout.source(id) == *folder && self.module(id).is_none())
            .filter(|(id, folder)| !is_tombstoned(view, id, folder))
            .collect();
        arrived.sort();
        arrived
    }
}

/// The names of those modules of which SOURCETREE holds another version. Where its dkms.conf does not say its name, that of its
/// folder counts.
pub(super) fn successors<'i>(view: &View<'_>, ids: impl Iterator<Item = &'i ModuleId>) -> BTreeSet<ModuleName> {
    let mut ids = ids.peekable();
    if ids.peek().is_none() {
        return BTreeSet::new();
    }
    ids.filter(|id| !other_sources(view, id).is_empty()).map(|id| id.name.clone()).collect()
}

/// The folders of SOURCETREE that hold other versions of this module.
pub(crate) fn other_sources(view: &View<'_>, id: &ModuleId) -> Vec<std::path::PathBuf> {
    let is_other = |folder: &fs::DirEntry| {
        let folder_name = folder.file_name().to_string_lossy().into_owned();
        let rest = folder_name.strip_prefix(id.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let is_named_so = || match named(view, &folder.path()) {
            Some(other) => other.name == id.name,
            None => rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())),
        };
        let has_conf = || folder.path().join("dkms.conf").is_file();
        rest.is_some() && folder_name != id.source_folder() && has_conf() && is_named_so()
    };
    let folders = fs::read_dir(view.tree.layout().source_tree()).into_iter().flatten().flatten();
    folders.filter(is_other).map(|folder| folder.path()).collect()
}

/// Nobody can try again what failed for a kernel that has gone, and a person's removal of what has gone since is over.
fn moot(layout: &Layout) -> BTreeSet<(ModuleId, Option<Target>)> {
    let failed =
        records::all::<Failure>(layout).into_iter().filter_map(|failure| Some((failure.module, failure.target?)));
    // A run that died after a build that ended well left the note of an earlier attempt.
    let tried = records::all::<Tried>(layout).into_iter().map(|tried| (tried.module, tried.target));
    let failed = failed.chain(tried);
    let failed =
        failed.filter(|(_, target)| installed::has_gone(layout, target)).map(|(id, target)| (id, Some(target)));
    let removed = records::all::<Removed>(layout).into_iter().map(|removed| removed.module);
    failed.chain(removed.filter(|id| !layout.source(id).exists()).map(|id| (id, None))).collect()
}

/// Where a version's dkms.conf lies, as packages name it.
pub(super) fn named_conf(layout: &Layout, id: &ModuleId) -> std::path::PathBuf {
    layout.source_tree_name().join(id.source_folder()).join("dkms.conf")
}

/// Name and version as dkms.conf says them, without running anything of it.
fn named(view: &View<'_>, folder: &std::path::Path) -> Option<ModuleId> {
    let context = Context::without_kernel(crate::sys::processors(), &view.inputs.directives);
    let partial = conf::load_lenient(view.system, view.framework, &folder.join("dkms.conf"), &context).ok()?;
    Some(ModuleId::new(partial.name?, partial.version?))
}

/// Somebody removed it, and it is the same source still.
fn is_tombstoned(view: &View<'_>, id: &ModuleId, folder: &std::path::Path) -> bool {
    records::one::<Removed>(view.tree.layout(), id, None)
        .is_some_and(|removed| fingerprint::of_folder(folder).is_ok_and(|now| now == removed.source))
}
