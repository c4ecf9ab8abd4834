//! What is read of one module: its source, what dkms.conf says for each kernel, and how each build compares with what is
//! there now. It depends on no other module, so that many are read side by side.

use std::path::Path;

use super::inputs::{self, Making, Memo};
use super::ownership::is_owned;
use super::{Content, Snapshot, Source, View, absent, inputs_of, load_with};
use crate::conf::{Commands, ConfError, Loaded};
use crate::ids::{ModuleId, Target};
use crate::kernel::prebuilt::{self, Prebuilt};
use crate::kernel::{Kernel, Suffix, enforcement};
use crate::step::{AddSource, Unpacked};
use crate::sys::{compare, process};
use crate::tree::placed::{Placed, Whereabouts};
use crate::tree::records::{self, Fingerprint};
use crate::tree::{ModuleEntry, VersionState, difference};

pub(super) struct Reading {
    id: ModuleId,
    source: Source,
    of_kernels: Vec<OfKernel>,
}

/// Of the module on one kernel.
struct OfKernel {
    target: Target,
    conf: Result<Loaded, ConfError>,
    standing: Standing,
    /// What serves in its place, in a sentence.
    served: Option<String>,
    /// What a package brought finished, and may serve.
    prebuilt: Option<Prebuilt>,
}

/// A build that is not signed, and can be now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unsigned {
    /// Its kernel takes it, or has it already.
    Tolerated,
    /// Its kernel loads signed modules only, and does not have it.
    Barred,
}

/// What lies under the kernel in the places of an installed build.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Files {
    /// Its own, or what somebody else answers for.
    Left,
    /// Nothing, or what nobody answers for.
    Lost,
    /// That of another module of ours.
    Displaced(ModuleId),
}

/// How a build compares with what is there now.
enum Standing {
    /// Nothing is known that would matter.
    Plain,
    /// Something of ours is noted about it.
    Noted { awaits_install: bool, can_be_signed: Option<Unsigned>, files: Files, changed: Vec<String> },
    /// Nothing is noted, and its modules say that they are for this kernel: another DKMS made it.
    Anothers,
    /// There is none: it failed in this very transaction, from all that is there now.
    Tried,
}

impl Snapshot {
    /// Reads a module on these kernels.
    pub(super) fn read(
        &self,
        view: &View<'_>,
        (id, source): &(ModuleId, AddSource),
        (targets, remembers): (&[Target], bool),
        memo: &Memo,
    ) -> Reading {
        let source = self.source(view, id, source);
        let of_kernel = |target: &Target| {
            let conf = conf(view, &source, id, target, memo);
            let standing = match self.standing(view, (id, target), &source, &conf, memo) {
                Standing::Plain if self.is_missing(id, target) && is_tried(view, id, target, remembers) => {
                    Standing::Tried
                }
                standing => standing,
            };
            let served = self.served(view, id, target);
            let kernel = self.kernels.get(target);
            let prebuilt = kernel.and_then(|kernel| super::prebuilt::that_serves(view, kernel, &id.name));
            OfKernel { target: target.clone(), conf, standing, served, prebuilt }
        };
        let of_kernels = targets.iter().map(of_kernel).collect();
        Reading { id: id.clone(), source, of_kernels }
    }

    /// Takes in what was read.
    pub(super) fn take_in(&mut self, reading: Reading) {
        let Reading { id, source, of_kernels } = reading;
        for OfKernel { target, conf, standing, served, prebuilt } in of_kernels {
            self.prebuilt.extend(prebuilt.map(|found| ((id.name.clone(), target.clone()), found)));
            let build = (id.clone(), target);
            self.served.extend(served.map(|text| (build.clone(), text)));
            match standing {
                Standing::Plain => {}
                Standing::Noted { awaits_install, can_be_signed, files, changed } => {
                    match files {
                        Files::Left => {}
                        Files::Lost => drop(self.lost.insert(build.clone())),
                        Files::Displaced(by) => drop(self.displaced.insert(build.clone(), by)),
                    }
                    self.waiting.extend(awaits_install.then(|| build.clone()));
                    self.unsigned.extend(can_be_signed.map(|_| build.clone()));
                    self.barred.extend((can_be_signed == Some(Unsigned::Barred)).then(|| build.clone()));
                    if !changed.is_empty() {
                        self.outdated.insert(build.clone(), changed);
                    }
                }
                Standing::Anothers => {
                    self.adoptable.insert(build.clone());
                }
                Standing::Tried => {
                    self.tried.insert(build.clone());
                }
            }
            self.confs.insert(build, conf);
        }
        self.sources.insert(id, source);
    }

    /// What was found to serve in the place of the build that is there, if it still is so.
    fn served(&self, view: &View<'_>, id: &ModuleId, target: &Target) -> Option<String> {
        let build = self.module(id)?.build(target).filter(|build| !build.installed)?;
        let served = records::Served::known(view.tree.layout(), id, target)?;
        (served.stamp == build.stamp).then_some(served.text)
    }

    /// Where the source of a module is, and what is in it.
    pub(super) fn source(&self, view: &View<'_>, id: &ModuleId, source: &AddSource) -> Source {
        let named_otherwise = match source {
            AddSource::Folder(named) => self.module(id).and_then(|entry| otherwise(entry, named)),
            _ => None,
        };
        let folder = match (self.module(id).map(|entry| &entry.state), source) {
            (_, AddSource::Folder(folder)) if named_otherwise.is_some() => folder.clone(),
            (Some(VersionState::Added { source }), _) => source.clone(),
            (_, AddSource::Folder(folder)) => folder.clone(),
            (_, AddSource::Archive(Unpacked { source: Some(folder), .. })) => folder.clone(),
            (_, AddSource::Archive(Unpacked { lone_conf: Some(conf), .. })) => {
                conf.parent().unwrap_or(conf).to_path_buf()
            }
            _ => view.tree.layout().source(id),
        };
        let without_source = matches!(source, AddSource::Archive(unpacked) if unpacked.source.is_none());
        let has_own_conf = folder.join("dkms.conf").is_file();
        let has_conf = view.inputs.conf.as_ref().map_or(has_own_conf, |conf| conf.is_file());
        let own = view.tree.layout().source_link(id);
        let is_own = || fs_err::symlink_metadata(&own).is_ok_and(|meta| meta.is_dir());
        let content = match if without_source { Content::OnlyBuilds } else { content(&folder, has_own_conf) } {
            Content::ConfOnly if is_own() => Content::OnlyBuilds,
            content => content,
        };
        Source { folder, content, has_conf, named_otherwise }
    }

    /// Whether there is no build of it for a kernel that is known.
    fn is_missing(&self, id: &ModuleId, target: &Target) -> bool {
        self.kernels.contains_key(target) && self.module(id).and_then(|entry| entry.build(target)).is_none()
    }

    fn standing(
        &self,
        view: &View<'_>,
        (id, target): (&ModuleId, &Target),
        source: &Source,
        conf: &Result<Loaded, ConfError>,
        memo: &Memo,
    ) -> Standing {
        let layout = view.tree.layout();
        let Some(kernel) = self.kernels.get(target) else { return Standing::Plain };
        let Some(build) = self.module(id).and_then(|entry| entry.build(target)) else { return Standing::Plain };
        let depends = conf.as_ref().map_or(&[][..], |loaded| &loaded.conf.build_depends);
        // Without headers nothing can be built, so that nothing needs to be.
        let making = kernel.has_headers().then_some(Making { id, kernel, source: &source.folder, depends });
        match (records::fingerprint_of(layout, id, target, build.stamp), making) {
            (Some(noted), making) => {
                let changed = making.map(|making| inputs::changed(view, &making, &noted, memo)).unwrap_or_default();
                let can_be_signed =
                    noted.unsigned.is_some() && kernel.has_headers() && inputs::can_be_signed(view, target);
                let can_be_signed = can_be_signed.then(|| unsigned(view, kernel, build.installed));
                let is_there = build.installed && kernel.present;
                let files = if is_there { files(view, (id, target), &noted) } else { Files::Left };
                Standing::Noted { awaits_install: noted.awaits_install, can_be_signed, files, changed }
            }
            (None, Some(making)) if inputs::is_anothers(layout, id, target) => {
                if !inputs::is_unfit(view.tree, &making) {
                    return Standing::Anothers;
                }
                let changed = vec!["symbols of the kernel".to_owned()];
                Standing::Noted { awaits_install: false, can_be_signed: None, files: Files::Left, changed }
            }
            (None, _) => Standing::Plain,
        }
    }
}

fn unsigned(view: &View<'_>, kernel: &Kernel, is_installed: bool) -> Unsigned {
    let config = || kernel.config(None).ok().flatten().unwrap_or_default();
    let insists = !is_installed && enforcement::reason(view.system, &kernel.target, &config()).is_some();
    if insists { Unsigned::Barred } else { Unsigned::Tolerated }
}

/// What cannot be compared is not the same.
fn otherwise(entry: &ModuleEntry, named: &Path) -> Option<String> {
    let VersionState::Added { source } = &entry.state else { return None };
    compare::difference(named, source).unwrap_or_else(|error| Some(error.to_string()))
}

/// Whether a file of an installed build is missing, or is another one: what a package brought is left.
fn files(view: &View<'_>, (id, target): (&ModuleId, &Target), noted: &Fingerprint) -> Files {
    let layout = view.tree.layout();
    let built = layout.built_modules(id, target);
    let of_place = |placed: &Placed| match placed.whereabouts(layout) {
        Whereabouts::AsPut => Files::Left,
        Whereabouts::Gone => Files::Lost,
        Whereabouts::Touched => {
            let (place, name) = (layout.opened(&placed.place), placed.place.file_name().unwrap_or_default());
            if difference::same(&built.join(name), &place).unwrap_or(true) {
                return Files::Left;
            }
            match view.tree.other_at(&id.name, target, &placed.place) {
                Some(other) => Files::Displaced(other),
                None if is_owned(view.system, &placed.place) => Files::Left,
                None => Files::Lost,
            }
        }
    };
    let found: Vec<Files> = noted.placed.iter().map(of_place).collect();
    // Which one of two of a name depmod takes depends on the order of a folder.
    if has_another_beside(view, (id, target), noted) {
        return Files::Lost;
    }
    if found.contains(&Files::Lost) {
        return Files::Lost;
    }
    found.into_iter().find(|files| *files != Files::Left).unwrap_or(Files::Left)
}

/// Whether a package brought a module of the same name finished. (Where that serves, ours leaves instead.)
fn has_another_beside(view: &View<'_>, (id, target): (&ModuleId, &Target), noted: &Fingerprint) -> bool {
    let folder = view.tree.layout().kernel_modules(target);
    let Some(brought) = prebuilt::find(&folder, target, &id.name) else { return false };
    let stem = |file: &Path| Some(Suffix::split(file.file_name()?.to_str()?)?.0.replace('-', "_"));
    noted.placed.iter().any(|placed| brought.files.iter().any(|file| stem(file) == stem(&placed.place)))
}

/// What dkms.conf says for a kernel.
pub(super) fn conf(
    view: &View<'_>,
    source: &Source,
    id: &ModuleId,
    target: &Target,
    memo: &Memo,
) -> Result<Loaded, ConfError> {
    let file = view.inputs.conf.clone().unwrap_or_else(|| source.folder.join("dkms.conf"));
    load_with(view, &file, (id, target), (Commands::Run, None), memo)
}

/// Whether this build failed before from the same things: in the transaction that this process is part of, or at any time
/// where that is remembered.
fn is_tried(view: &View<'_>, id: &ModuleId, target: &Target, remembers: bool) -> bool {
    let Some(tried) = records::one::<records::Tried>(view.tree.layout(), id, Some(target)) else { return false };
    let is_now = tried.transaction.is_some() && process::transaction() == tried.transaction;
    let is_known = (is_now || (remembers && tried.is_lasting)) && !absent::has_come(&tried.absent, view.system);
    is_known && inputs_of(view, id, target).is_some_and(|now| now == tried.inputs)
}

/// A source with a Makefile, as nearly all have one, is told without a look at everything in it.
fn content(folder: &Path, has_conf: bool) -> Content {
    if has_conf && folder.join("Makefile").is_file() {
        return Content::Sources;
    }
    match fs_err::read_dir(folder).map(|entries| entries.take(2).count()) {
        Ok(2..) => Content::Sources,
        Ok(_) => Content::ConfOnly,
        Err(_) => Content::Nothing,
    }
}
