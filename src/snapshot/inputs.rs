//! What a build depends on besides the name of its kernel, as digests that a later run compares.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::View;
use crate::conf;
use crate::conf::TrySign;
use crate::conf::signing::{self, Pairs};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::modinfo::read_module;
use crate::kernel::{Kernel, KernelConfig, ModInfo, Suffix, headers, own};
use crate::step::Inputs;
use crate::sys::System;
use crate::sys::fingerprint::{self, hex};
use crate::sys::side_by_side::locked;
use crate::tree::digests::{KnownDigests, Toolset};
use crate::tree::records::Fingerprint;
use crate::tree::{Layout, Tree};

/// Name of an input, as a sentence about a change names it → digest.
pub(crate) type Digests = BTreeMap<String, String>;

/// Noted when the command line put other files or directives in place of the module's and kernel's own: nobody can make
/// such a build again without being told the same, so it is compared with nothing.
const COMMAND_LINE: &str = "the command line";
const COMPILER: &str = "compiler";
const SIGNING: &str = "signing certificate";
const SYMBOLS_OF: &str = "symbols of ";

/// One build: which module from which source for which kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Making<'a> {
    pub(crate) id: &'a ModuleId,
    pub(crate) kernel: &'a Kernel,
    /// The folder of the source.
    pub(crate) source: &'a Path,
    pub(crate) depends: &'a [ModuleName],
}

/// What many modules share, read once; for one moment and one set of [`Inputs`].
#[derive(Debug, Default)]
pub(crate) struct Memo {
    digests: Mutex<BTreeMap<PathBuf, Option<String>>>,
    of_kernels: Mutex<BTreeMap<Target, Arc<Digests>>>,
    /// Of dkms.confs and the administrator's files.
    pub(super) confs: conf::Memo,
    places: Mutex<BTreeMap<Target, (PathBuf, PathBuf)>>,
    /// Digests from earlier runs, and the present time; None: everything is read.
    known: Option<(KnownDigests, SystemTime)>,
    learnt: Mutex<KnownDigests>,
}

/// Digests of what a build is made from: its source, /etc/dkms, the command line, the kernel's configuration and symbols,
/// the compiler, what signs it, and the symbols of the modules that it builds on.
pub(crate) fn digests(view: &View<'_>, making: &Making<'_>, memo: &Memo) -> io::Result<Digests> {
    let source = fingerprint::of_folder(making.source)?;
    with_source(source, view, making, memo)
}

fn with_source(source: String, view: &View<'_>, making: &Making<'_>, memo: &Memo) -> io::Result<Digests> {
    let Making { id, kernel, .. } = *making;
    let mut digests = of_module(view.system, id, &kernel.target, memo)?;
    digests.insert("source".to_owned(), source);
    digests.extend(of_command_line(view.inputs)?.map(|digest| (COMMAND_LINE.to_owned(), digest)));
    digests.extend(memo.of_kernel(view, kernel)?.iter().map(|(name, digest)| (name.clone(), digest.clone())));
    for name in making.depends {
        let symbols = of_symbols(view.tree, name, &kernel.target)?;
        digests.extend(symbols.map(|digest| (format!("{SYMBOLS_OF}{name}"), digest)));
    }
    Ok(digests)
}

/// What builds for a kernel have in common: its headers, their configuration, and what that says about compiler and signing.
fn of_kernel(view: &View<'_>, kernel: &Kernel, memo: &Memo) -> io::Result<Digests> {
    let mut digests = Digests::new();
    let mut add = |name: &str, digest: Option<String>| digests.extend(digest.map(|digest| (name.to_owned(), digest)));
    let folder = kernel.headers.folder();
    add("kernel headers", memo.of(&folder.join("Module.symvers"))?);
    if let Some(file) = headers::config_file(folder, view.inputs.kernel_config.as_deref()) {
        let (digest, toolset) = memo.config(&file)?;
        add("kernel configuration", digest);
        add(COMPILER, compiler(view.system, &toolset));
        add(SIGNING, certificate(view, &kernel.target, toolset.takes_signatures, memo)?);
    }
    Ok(digests)
}

/// Which inputs of a build have changed since they were noted; empty when none has, or when they cannot be read now.
pub(crate) fn changed(view: &View<'_>, making: &Making<'_>, noted: &Fingerprint, memo: &Memo) -> Vec<String> {
    let inputs = Inputs::default();
    let view = View { inputs: &inputs, ..*view };
    let now = memo.of_source(making.source).and_then(|source| with_source(source, &view, making, memo));
    now.map_or(Vec::new(), |now| differences(&noted.inputs, &now))
}

/// Whether every module of a build without a fingerprint was built for this very kernel: another DKMS made it.
pub(crate) fn is_anothers(layout: &Layout, id: &ModuleId, target: &Target) -> bool {
    let Ok(files) = fs_err::read_dir(layout.built_modules(id, target)) else { return false };
    let modules: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(|file| is_module_file(file)).collect();
    let fits = |file: &PathBuf| ModInfo::read(file).is_ok_and(|info| info.release() == Some(target.kernel.as_str()));
    !modules.is_empty() && modules.iter().all(fits)
}

/// Whether the kernel and the modules that it builds on offer the symbols that such a build needs in other versions, or not
/// to it: this kernel does not load it any more. Without a list nothing can be told.
pub(crate) fn is_unfit(tree: &Tree, making: &Making<'_>) -> bool {
    let Making { id, kernel, depends, .. } = *making;
    let mut offered = own::offered(kernel);
    if offered.is_empty() {
        return false;
    }
    own::add_dependencies(&mut offered, tree, depends, &kernel.target);
    let files = fs_err::read_dir(tree.layout().built_modules(id, &kernel.target)).into_iter().flatten().flatten();
    let modules = files.map(|file| file.path()).filter(|file| is_module_file(file));
    modules.filter_map(|file| read_module(&file).ok()).any(|module| offered.refuses(&module))
}

fn is_module_file(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Suffix::ALL.iter().any(|suffix| name.ends_with(suffix.as_str()))
}

/// What is not the same. Of compiler, certificate and symbols of others only a change counts, not that one of them came
/// or went: where it went nothing better can be built, and where it came the build was right without.
fn differences(noted: &Digests, now: &Digests) -> Vec<String> {
    if noted.contains_key(COMMAND_LINE) {
        return Vec::new();
    }
    let loose = |name: &str| name == COMPILER || name == SIGNING || name.starts_with(SYMBOLS_OF);
    let differs = |name: &&&String| match (noted.get(**name), now.get(**name)) {
        (Some(noted), Some(now)) => noted != now,
        _ => !loose(name),
    };
    let names: BTreeSet<&String> = noted.keys().chain(now.keys()).collect();
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

/// Whether two builds were made from the same, whatever signs them.
pub(crate) fn same_but_signing(one: &Digests, other: &Digests) -> bool {
    differences(one, other).iter().all(|name| is_signing(name))
}

/// Whether two builds were signed by two keys.
pub(crate) fn have_other_certificates(one: &Digests, other: &Digests) -> bool {
    matches!((one.get(SIGNING), other.get(SIGNING)), (Some(one), Some(other)) if one != other)
}

/// Whether an input of this name is what signs.
pub(crate) fn is_signing(name: &str) -> bool {
    name == SIGNING
}

/// Whether an unsigned build could be signed now.
pub(super) fn can_be_signed(view: &View<'_>, target: &Target) -> bool {
    if signing::unwanted(view.system, view.framework).is_some() {
        return false;
    }
    let kernel = Some(&target.kernel);
    Pairs::locate(view.system, view.framework, view.tree.layout(), kernel).look_usable(view.system)
}

/// Of what the administrator has for a module.
pub(crate) fn of_module(system: &System, id: &ModuleId, target: &Target, memo: &Memo) -> io::Result<Digests> {
    let mut digests = Digests::new();
    let overrides = memo.confs.overrides(system);
    let files = overrides.files(&id.name, Some(&id.version), Some(target), None);
    if let Some(digest) = of_files(&files)? {
        digests.insert("configuration in /etc/dkms".to_owned(), digest);
    }
    if let Some(own) = overrides.entry(id.name.as_str()).filter(|own| own.is_dir()) {
        digests.insert("files in /etc/dkms".to_owned(), fingerprint::of_folder(&own)?);
    }
    Ok(digests)
}

fn of_command_line(given: &Inputs) -> io::Result<Option<String>> {
    let Inputs { conf, kernel_config, kernel_source_dir, directives } = given;
    if conf.is_none() && kernel_config.is_none() && kernel_source_dir.is_none() && directives.is_empty() {
        return Ok(None);
    }
    let files = Vec::from_iter(conf.iter().chain(kernel_config).cloned());
    let words = kernel_source_dir.iter().map(|folder| folder.to_string_lossy().into_owned());
    let words: Vec<String> = words.chain(directives.iter().cloned()).chain(of_files(&files)?).collect();
    Ok(Some(hex(Sha256::digest(words.join("\0")))))
}

/// The program that compiles for this kernel, as far as it can be told without asking one: the kernel's own where it
/// exists, else the default one. Callers' PATHs differ; that is no change.
fn compiler(system: &System, kernel: &Toolset) -> Option<String> {
    let find = |name: &str| {
        let places = ["/usr/local/bin", "/usr/bin", "/bin"].map(|folder| system.path(folder).join(name));
        let file = places.iter().find_map(|file| fs_err::canonicalize(file).ok())?;
        Some(system.inside(&file).to_string_lossy().into_owned())
    };
    let fallback = if kernel.is_clang { "clang" } else { "gcc" };
    kernel.compiler.as_deref().and_then(find).or_else(|| find(fallback))
}

/// Completes what was taken before a build: the first build that is signed makes the certificate.
pub(crate) fn add_certificate(
    digests: &mut Digests,
    view: &View<'_>,
    target: &Target,
    config: &KernelConfig,
) -> io::Result<()> {
    let certificate = certificate(view, target, config.takes_signatures(), &Memo::default())?;
    digests.extend(certificate.map(|digest| (SIGNING.to_owned(), digest)));
    Ok(())
}

/// The certificate of the key that signs modules for this kernel, when it takes signatures.
fn certificate(view: &View<'_>, target: &Target, is_taken: bool, memo: &Memo) -> io::Result<Option<String>> {
    if !is_taken || view.framework.try_sign == TrySign::No {
        return Ok(None);
    }
    let pairs = Pairs::locate(view.system, view.framework, view.tree.layout(), Some(&target.kernel));
    // Without it nothing signs.
    if pairs.second.as_ref().is_some_and(|second| second.missing(view.system).is_some()) {
        return Ok(None);
    }
    let of = |file: &str| memo.of(&view.system.path(file)).transpose();
    let digests: Vec<String> = pairs.certificates().filter_map(of).collect::<io::Result<_>>()?;
    Ok((!digests.is_empty()).then(|| digests.join(" ")))
}

/// The exported symbols of the version of a module that is active on the kernel.
fn of_symbols(tree: &Tree, name: &ModuleName, target: &Target) -> io::Result<Option<String>> {
    let Some(version) = tree.active(name, target) else { return Ok(None) };
    let id = ModuleId::new(name.clone(), version);
    of_files(&[tree.layout().built_modules(&id, target).join("Module.symvers")])
}

impl Memo {
    /// With what earlier runs know.
    pub(crate) fn of_earlier_runs(layout: &Layout, now: SystemTime) -> Self {
        Self { known: Some((KnownDigests::read(layout), now)), ..Self::default() }
    }

    /// What this run has read that earlier ones had not.
    pub(crate) fn learnt(self) -> KnownDigests {
        self.learnt.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`headers::places`] of a kernel.
    pub(super) fn places(&self, view: &View<'_>, target: &Target) -> (PathBuf, PathBuf) {
        let find = || {
            let Inputs { kernel_source_dir, kernel_config, .. } = view.inputs;
            headers::places(view.tree.layout(), target, kernel_source_dir.as_deref(), kernel_config.as_deref())
        };
        locked(&self.places).entry(target.clone()).or_insert_with(find).clone()
    }

    fn of_source(&self, folder: &Path) -> io::Result<String> {
        let digest = self.once(folder, fingerprint::stamp_of_folder, || fingerprint::of_folder(folder).map(Some))?;
        digest.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn of(&self, file: &Path) -> io::Result<Option<String>> {
        self.once(file, fingerprint::stamp_of_file, || of_files(&[file.to_path_buf()]))
    }

    /// The digest of a kernel's configuration, and what it says. Asked for once per kernel.
    fn config(&self, file: &Path) -> io::Result<(Option<String>, Toolset)> {
        let stamp = self.known.as_ref().and_then(|(_, now)| fingerprint::stamp_of_file(file, *now).ok().flatten());
        let known = self.known.as_ref().zip(stamp.as_ref()).and_then(|((known, _), stamp)| known.config(file, stamp));
        if let Some((digest, toolset)) = known {
            return Ok((Some(digest.to_owned()), toolset.clone()));
        }
        let toolset = Toolset::from(&KernelConfig::read(file)?);
        let digest = of_files(&[file.to_path_buf()])?;
        if let (Some(stamp), Some(digest)) = (stamp, &digest) {
            locked(&self.learnt).put_config(file, stamp, digest.clone(), toolset.clone());
        }
        Ok((digest, toolset))
    }

    fn once(
        &self,
        place: &Path,
        stamp: fn(&Path, SystemTime) -> io::Result<Option<String>>,
        read: impl FnOnce() -> io::Result<Option<String>>,
    ) -> io::Result<Option<String>> {
        if let Some(found) = locked(&self.digests).get(place).cloned() {
            return Ok(found);
        }
        // Before it is read: what changes meanwhile has another stamp afterwards.
        let stamp = self.known.as_ref().and_then(|(_, now)| stamp(place, *now).ok().flatten());
        let known = self.known.as_ref().zip(stamp.as_ref()).and_then(|((known, _), stamp)| known.get(place, stamp));
        let digest = match known {
            Some(digest) => Some(digest.to_owned()),
            None => {
                let digest = read()?;
                if let (Some(stamp), Some(digest)) = (stamp, &digest) {
                    locked(&self.learnt).put(place, stamp, digest.clone());
                }
                digest
            }
        };
        locked(&self.digests).insert(place.to_path_buf(), digest.clone());
        Ok(digest)
    }

    /// The lock is held while it is read: whoever waits for it needs the same.
    fn of_kernel(&self, view: &View<'_>, kernel: &Kernel) -> io::Result<Arc<Digests>> {
        let mut known = locked(&self.of_kernels);
        if let Some(found) = known.get(&kernel.target) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(of_kernel(view, kernel, self)?);
        known.insert(kernel.target.clone(), Arc::clone(&found));
        Ok(found)
    }
}

/// The digest over the names and contents of those files that exist; None when none does.
fn of_files(files: &[PathBuf]) -> io::Result<Option<String>> {
    let mut hash = Sha256::new();
    let mut any = false;
    for file in files.iter().filter(|file| file.is_file()) {
        any = true;
        let name = file.file_name().unwrap_or_default().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        let mut file = fs_err::File::open(file)?;
        hash.update(file.metadata()?.len().to_le_bytes());
        io::copy(&mut file, &mut hash)?;
    }
    Ok(any.then(|| hex(hash.finalize())))
}

#[cfg(test)]
mod tests;
