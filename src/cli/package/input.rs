//! INPUT and OUTPUT: archives, folders and modules of the tree; where packages go.

use std::path::{Path, PathBuf};

use super::args::PackageArgs;
use crate::archive::output::Place;
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, ModuleVersion};
use crate::sys::System;
use crate::tree::Layout;

/// What is to be packaged.
pub(super) struct Input {
    pub(crate) path: PathBuf,
    /// The module, if the tree says it.
    pub(crate) id: Option<ModuleId>,
    /// The tree's folder of that module version.
    pub(crate) registered: Option<PathBuf>,
}

/// What exists is an archive or a folder; otherwise NAME/VERSION of the tree is meant, or what -m and -v say.
pub(super) fn find(args: &PackageArgs, system: &System, framework: &Framework) -> Result<Input> {
    let text = match (&args.input, &args.name, &args.version) {
        (Some(operand), _, _) if operand.exists() => {
            return Ok(Input { path: operand.clone(), id: None, registered: None });
        }
        (Some(operand), _, _) => operand.to_string_lossy().into_owned(),
        (None, name, version) => {
            format!("{}/{}", name.as_deref().unwrap_or_default(), version.as_deref().unwrap_or_default())
        }
    };
    let Some(id) = text.split_once('/').and_then(|(name, version)| {
        Some(ModuleId::new(ModuleName::new(name).ok()?, ModuleVersion::new(version).ok()?))
    }) else {
        return Err(Error::new(Kind::ArchiveMissing, format!("there is no {text}"))
            .hint("name an archive, a folder with a dkms.conf, or NAME/VERSION of a module that is added"));
    };
    let layout = Layout::new(system.root(), &framework.dkms_tree, &framework.source_tree, &framework.install_tree);
    let (registered, source) = (layout.version(&id), layout.source(&id));
    if args.binaries {
        // What is built needs no source any more.
        return Ok(Input { path: registered.clone(), id: Some(id), registered: Some(registered) });
    }
    // The link is absolute in the root that it lies in.
    let linked = fs_err::read_link(layout.source_link(&id)).ok().map(|target| match target.is_absolute() {
        true => system.path(target),
        false => registered.join(target),
    });
    match [linked, Some(source)].into_iter().flatten().find(|folder| folder.is_dir()) {
        Some(path) => Ok(Input { path, id: Some(id), registered: Some(registered) }),
        None => Err(Error::new(Kind::NotInTree, format!("{text} is neither a file here nor a module of the tree"))
            .hint(format!("add it first: dkms add {text}"))),
    }
}

/// `--output`, else the tree's own folder for packages where it can be written, else the current folder. A name that ends
/// in one of `suffixes` is a file; without any, all are folders.
pub(super) fn place(output: Option<&Path>, below: &str, registered: Option<&Path>, suffixes: &[&str]) -> Place {
    if let Some(output) = output {
        // A name that does not look like a package's file is a folder, which need not exist yet.
        let file_name = output.extension().is_some_and(|extension| suffixes.iter().any(|suffix| extension == *suffix));
        let as_folder = output.is_dir() || !file_name;
        return if as_folder { Place::Folder(output.to_path_buf()) } else { Place::File(output.to_path_buf()) };
    }
    let own = registered.map(|folder| folder.join(below)).filter(|folder| can_be_written(folder));
    Place::Folder(own.unwrap_or_else(|| PathBuf::from(".")))
}

/// Whether a folder is there or can be made, and takes files.
fn can_be_written(folder: &Path) -> bool {
    fs_err::create_dir_all(folder).is_ok() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
