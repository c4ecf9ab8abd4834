//! Modules from archives: plain sources, and what mktarball writes (source, builds, or both).

use std::path::{Path, PathBuf};

use crate::action::{Context, module_conf};
use crate::conf::{self, Commands, Framework};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
use crate::package::archive::{self, Limits};
use crate::step::Switch;
use crate::sys::{self, System};

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The module.
    pub id: ModuleId,
    /// Its source, without the folders around it; None when the archive holds only builds.
    pub source: Option<PathBuf>,
    /// `dkms_binaries_only`, when there is one: PACKAGE_NAME, PACKAGE_VERSION, dkms.conf.
    pub own_source: Option<PathBuf>,
    /// `dkms_main_tree` of an archive that mktarball wrote, with KVER/ARCH folders in it.
    pub builds: Option<PathBuf>,
}

/// Unpacks the archive into `folder` (empty, ours) and says what it holds.
///
/// # Errors
///
/// [`Kind::ArchiveMissing`]; [`Kind::NotAnArchive`] with the entry that is refused; [`Kind::ArchiveWithoutConf`] when no
/// usable dkms.conf is in it.
pub fn identify(system: &System, framework: &Framework, file: &Path, folder: &Path) -> Result<Contents> {
    archive::unpack(file, folder, &Limits::default()).map_err(|error| error.at(file))?;
    let tree = folder.join("dkms_main_tree");
    let builds = tree.is_dir().then_some(tree);
    let own = folder.join("dkms_binaries_only");
    if own.is_dir() {
        return Ok(Contents { id: own_id(&own, file)?, source: None, own_source: Some(own), builds });
    }
    let source_tree = folder.join("dkms_source_tree");
    let start = if source_tree.is_dir() { source_tree } else { folder.to_path_buf() };
    let Some(source) = archive::source_folder(&start) else {
        let message = format!("{} holds no dkms.conf", file.display());
        return Err(Error::new(Kind::ArchiveWithoutConf, message)
            .hint("write a dkms.conf for the module and put it beside its Makefile in the archive"));
    };
    Ok(Contents {
        id: conf_id(system, framework, file, &source.join("dkms.conf"))?,
        source: Some(source),
        own_source: None,
        builds,
    })
}

fn sub_folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let is_folder = |entry: &fs_err::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut folders: Vec<_> = entries.flatten().filter(is_folder).map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn conf_id(system: &System, framework: &Framework, file: &Path, conf: &Path) -> Result<ModuleId> {
    let context = conf::Context {
        target: None,
        kernel_source_dir: PathBuf::new(),
        kernel_config: PathBuf::new(),
        module: None,
        version: None,
        parallel_jobs: 1,
        directives: &[],
    };
    let loaded = conf::load(system, framework, conf, &context, Commands::Run);
    let loaded = loaded.map_err(|error| {
        Error::new(Kind::ArchiveWithoutConf, format!("the dkms.conf in {} cannot be used", file.display()))
            .caused_by(error)
    })?;
    Ok(ModuleId::new(loaded.conf.name, loaded.conf.version))
}

/// PACKAGE_NAME and PACKAGE_VERSION of a binaries-only archive: one word each, as a file or as the conf's directives.
fn own_id(folder: &Path, file: &Path) -> Result<ModuleId> {
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

/// Registers the module that the archive holds and takes over its builds.
pub(super) fn load(context: &Context<'_>, id: &ModuleId, file: &Path) -> Result<()> {
    let failed = |error| Error::io(format!("cannot unpack {}", file.display()), error);
    let writer = context.lock.writer();
    let staged = writer.stage_source().map_err(failed)?;
    let contents = identify(context.system, context.framework, file, staged.path())?;
    if contents.id != *id {
        let message = format!("{} holds {}, not {id}", file.display(), contents.id);
        return Err(Error::new(Kind::ArchiveWithoutConf, message));
    }
    let is_forced = context.policy.has(Switch::Force);
    if !is_forced {
        let kind = if contents.builds.is_some() { Kind::ArchiveAlreadyAdded } else { Kind::AlreadyAdded };
        super::refuse_added(context, id, kind)?;
    }
    if let Some(source) = &contents.source {
        take_source(context, id, source)?;
    } else if let Some(own) = &contents.own_source {
        take_own_source(context, id, own)?;
    }
    let builds = contents.builds.as_deref().map(builds_in).unwrap_or_default();
    for (target, folder) in builds {
        take_build(context, id, &target, &folder)
            .map_err(|error| Error::io(format!("cannot take over the build of {id} for {target}"), error))?;
    }
    if contents.source.is_none() && !context.tree.layout().source(id).is_dir() {
        let message = format!("{id} was loaded, but only its builds: there is no source of it");
        return Err(
            Error::new(Kind::BinariesOnly, message).hint("it can be installed, but not built for other kernels")
        );
    }
    Ok(())
}

fn take_source(context: &Context<'_>, id: &ModuleId, source: &Path) -> Result<()> {
    let loaded = module_conf::load_unbound(context, Some(id), &source.join("dkms.conf"))?;
    super::copy_in(context, id, source)?;
    if super::is_added(context, id)? {
        return Ok(());
    }
    super::register(context, id, &loaded)?;
    super::post_add(context, id, None, &loaded)
}

/// A module without source: registered with the source tree's folder if there is one, else with its dkms.conf alone.
fn take_own_source(context: &Context<'_>, id: &ModuleId, own: &Path) -> Result<()> {
    let failed = |error| Error::io(format!("cannot register {id}"), error);
    let writer = context.lock.writer();
    if super::is_added(context, id)? {
        return Ok(());
    }
    if context.tree.layout().source(id).is_dir() {
        return writer.register(id).map_err(failed);
    }
    let staged = writer.stage_own_source().map_err(failed)?;
    sys::copy::copy_tree(own, staged.path()).map_err(failed)?;
    writer.register_own_source(staged, id).map_err(failed)
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
    let layout = context.tree.layout();
    if layout.built(id, target).exists() && !context.policy.has(Switch::Force) {
        context.reporter.note(format!("{id} is built for {target} already; that build stays"));
        return Ok(());
    }
    let writer = context.lock.writer();
    let stage = writer.stage(id, target)?;
    sys::copy::copy_tree(folder, stage.folder())?;
    writer.publish(stage)
}
