//! Modules from archives: plain sources, and what mktarball writes (source, builds, or both).

use std::path::{Path, PathBuf};

use crate::action::{Context, module_conf};
use crate::archive::limits::Limits;
use crate::archive::{links, unpack};
use crate::conf::{self, Commands, Framework, Loaded};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
use crate::step::{ArchiveForm, Unpacked};
use crate::sys::{self, System};
use crate::tree::records::Fingerprint;

/// Unpacks the archive into `folder` (empty, ours) and says which module it holds, and what of it.
///
/// # Errors
///
/// [`Kind::ArchiveMissing`]; [`Kind::NotAnArchive`] with the entry that is refused; [`Kind::ArchiveWithoutConf`] when no
/// usable dkms.conf is in it.
pub(crate) fn identify(
    system: &System,
    framework: &Framework,
    file: &Path,
    folder: &Path,
) -> Result<(ModuleId, Unpacked)> {
    unpack::unpack(file, folder, &Limits::default()).map_err(|error| error.at(file))?;
    let [source_tree, lone, main] =
        ["dkms_source_tree", "dkms_binaries_only", "dkms_main_tree"].map(|name| folder.join(name));
    let is_dkms = [&source_tree, &lone, &main].into_iter().any(|folder| folder.is_dir());
    let mut unpacked = Unpacked {
        file: file.to_path_buf(),
        form: if is_dkms { ArchiveForm::Dkms } else { ArchiveForm::Plain },
        source: None,
        lone_conf: None,
        builds: builds_in(&main),
    };
    let settle = |folder: &Path| {
        settle_links(folder, folder).map_err(|error| Error::io(format!("cannot unpack {}", file.display()), error))
    };
    unpacked.builds.iter().try_for_each(|(_, build)| settle(build))?;
    if lone.is_dir() {
        settle(&lone)?;
        unpacked.lone_conf = Some(lone.join("dkms.conf"));
        return Ok((named_id(&lone, file)?, unpacked));
    }
    let start = if source_tree.is_dir() { &source_tree } else { folder };
    let Some(source) = unpack::source_folder(start) else {
        return Err(Error::new(Kind::ArchiveWithoutConf, format!("{} holds no dkms.conf", file.display()))
            .hint("write a dkms.conf for the module and put it beside its Makefile in the archive"));
    };
    settle(&source)?;
    let id = conf_id(system, framework, file, &source.join("dkms.conf"))?;
    unpacked.source = Some(source);
    Ok((id, unpacked))
}

/// Only a part of the archive is taken, and to another place. A link out of that part becomes a copy of the file that it
/// leads to inside the archive; one that leads to something else goes, as it would lead anywhere.
fn settle_links(top: &Path, folder: &Path) -> std::io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if kind.is_dir() {
            settle_links(top, &path)?;
        } else if kind.is_symlink() && links::leaves(top, path.strip_prefix(top).unwrap_or(&path)) {
            let file = fs_err::canonicalize(&path).ok().filter(|file| file.is_file());
            fs_err::remove_file(&path)?;
            if let Some(file) = file {
                sys::copy::copy_entry(&file, &path)?;
            }
        }
    }
    Ok(())
}

fn sub_folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let is_folder = |entry: &fs_err::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut folders: Vec<_> = entries.flatten().filter(is_folder).map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn conf_id(system: &System, framework: &Framework, file: &Path, conf: &Path) -> Result<ModuleId> {
    let context = conf::Context::without_kernel(1, &[]);
    let loaded = conf::load(system, framework, conf, &context, Commands::Run);
    let loaded = loaded.map_err(|error| {
        Error::new(Kind::ArchiveWithoutConf, format!("the dkms.conf in {} cannot be used", file.display()))
            .caused_by(error)
    })?;
    Ok(ModuleId::new(loaded.conf.name, loaded.conf.version))
}

/// PACKAGE_NAME and PACKAGE_VERSION of a binaries-only archive: a file with one word each.
fn named_id(folder: &Path, file: &Path) -> Result<ModuleId> {
    let refused = |reason: String| {
        let message = format!("{} names no module that can be used: {reason}", file.display());
        Error::new(Kind::ArchiveWithoutConf, message)
    };
    let word = |name: &str| {
        let text = fs_err::read_to_string(folder.join(name)).map_err(|error| refused(error.to_string()))?;
        Ok::<_, Error>(text.trim().to_owned())
    };
    let name = ModuleName::new(word("PACKAGE_NAME")?).map_err(|error| refused(error.to_string()))?;
    let version = ModuleVersion::new(word("PACKAGE_VERSION")?).map_err(|error| refused(error.to_string()))?;
    Ok(ModuleId::new(name, version))
}

/// Registers the module that the archive holds and takes over its builds; what is there already is replaced. Gives its
/// dkms.conf when it was not registered before.
///
/// # Errors
///
/// Those of an add; [`Kind::BinariesOnly`] when everything is loaded, but there is no source for it.
pub(super) fn load(context: &Context<'_>, id: &ModuleId, unpacked: &Unpacked) -> Result<Option<Loaded>> {
    let conf = match &unpacked.source {
        Some(source) => Some(module_conf::load_unbound(context, Some(id), &source.join("dkms.conf"))?),
        None => None,
    };
    // Registered last: until then it is not added, and a run that dies can be repeated.
    for (target, folder) in &unpacked.builds {
        take_build(context, id, target, folder)
            .map_err(|error| Error::io(format!("cannot take over the build of {id} for {target}"), error))?;
    }
    let mut has_source = true;
    let added = match (&unpacked.source, conf, &unpacked.lone_conf) {
        (Some(source), Some(loaded), _) => take_source(context, id, source, loaded)?,
        (_, _, Some(conf)) => {
            has_source = take_lone_conf(context, id, conf)?;
            None
        }
        _ => None,
    };
    if has_source {
        return Ok(added);
    }
    let message = format!("{id} was loaded, but only its builds: there is no source of it");
    Err(Error::new(Kind::BinariesOnly, message).hint("it can be installed, but not built for other kernels"))
}

/// The dkms.conf of the source, if this registered it.
fn take_source(context: &Context<'_>, id: &ModuleId, source: &Path, loaded: Loaded) -> Result<Option<Loaded>> {
    super::copy_in(context, id, source, super::Present::Kept)?;
    if super::is_added(context, id)? {
        return Ok(None);
    }
    super::register(context, id, &loaded)?;
    Ok(Some(loaded))
}

/// A module without source: registered with the source tree's folder if there is one, else with its dkms.conf alone.
/// Returns whether there is a source.
fn take_lone_conf(context: &Context<'_>, id: &ModuleId, conf: &Path) -> Result<bool> {
    let failed = |error| Error::io(format!("cannot register {id}"), error);
    let writer = context.lock.writer();
    let has_source = context.tree.layout().source(id).is_dir();
    if super::is_added(context, id)? {
        return Ok(has_source);
    }
    if has_source {
        return writer.register(id).map_err(failed).map(|()| true);
    }
    let staged = writer.stage_own_source().map_err(failed)?;
    sys::copy::copy_entry(conf, &staged.path().join("dkms.conf")).map_err(failed)?;
    writer.register_own_source(staged, id).map_err(failed).map(|()| false)
}

/// The KVER/ARCH folders with built modules; names that cannot be a kernel or an architecture are left out.
fn builds_in(tree: &Path) -> Vec<(Target, PathBuf)> {
    let name = |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut builds = Vec::new();
    for kernel in sub_folders(tree) {
        let Ok(release) = KernelRelease::new(name(&kernel)) else { continue };
        for folder in sub_folders(&kernel).into_iter().filter(|folder| folder.join("module").is_dir()) {
            if let Ok(arch) = Arch::new(name(&folder)) {
                builds.push((Target::new(release.clone(), arch), folder));
            }
        }
    }
    builds
}

fn take_build(context: &Context<'_>, id: &ModuleId, target: &Target, folder: &Path) -> std::io::Result<()> {
    let writer = context.lock.writer();
    let stage = writer.stage(id, target)?;
    sys::copy::copy_tree(folder, stage.folder())?;
    // What an earlier build was made from says nothing about this one.
    writer.drop_record::<Fingerprint>(id, Some(target))?;
    writer.publish(stage)
}
