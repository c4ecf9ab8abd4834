//! mktarball: source and builds of a module, in one archive that ldtarball takes in again.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::action::{Context, module_conf};
use crate::archive::output::{Existing, Output, Place};
use crate::archive::tarball;
use crate::archive::tarball::{Compression, Piece, Times};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::report::Message;
use crate::step::{Tarball, TarballContent};
use crate::sys::fs::{create_folders, is_real_folder};

/// Writes the archive; it appears when it is complete, in the place of an older one.
///
/// # Errors
///
/// [`Kind::NoWritePermission`]; [`Kind::DiskFull`]; [`Kind::TarballFailed`] for everything else that cannot be read or
/// written.
pub(super) fn make(context: &Context<'_>, id: &ModuleId, wanted: &Tarball) -> Result<()> {
    let source = module_conf::source(context, id)?;
    let file = place(context, id, &wanted.file)?;
    let failed = |error| failed(id, &file, error);
    let pieces = pieces(context, id, &source, wanted);
    let times = Times { own: changed(&source.join("dkms.conf")), latest: latest(context) };
    let mut output = Output::open(&Place::File(file.clone()), "", Existing::Replace)?;
    let (title, total) = (format!("packing {id}"), tarball::size(&pieces).map_err(failed)?);
    let tell = |done| context.reporter.tell(Message::Progress { title: title.clone(), done, total });
    tarball::write(output.writer(), Compression::of_name(&file), &pieces, times, &tell).map_err(failed)?;
    let (file, size) = output.finish()?;
    context.reporter.note(format!("{id} is packed in {} ({} KiB)", file.display(), size.div_ceil(1024)));
    Ok(())
}

/// Where the archive goes; missing folders are made.
fn place(context: &Context<'_>, id: &ModuleId, file: &Path) -> Result<PathBuf> {
    let named_only = file.components().count() == 1 && !file.is_absolute();
    if named_only {
        let folder = context.lock.writer().tarball_folder(id).map_err(|error| failed(id, file, error))?;
        return Ok(folder.join(file));
    }
    if let Some(folder) = file.parent() {
        create_folders(folder).map_err(|error| {
            Error::new(Kind::NoWritePermission, format!("cannot write to {}", folder.display())).caused_by(error)
        })?;
    }
    Ok(file.to_path_buf())
}

fn pieces(context: &Context<'_>, id: &ModuleId, source: &Path, wanted: &Tarball) -> Vec<(PathBuf, Piece)> {
    let layout = context.tree.layout();
    // Without a source tree there is nothing else to give away than the builds.
    let has_source = !is_real_folder(&layout.source_link(id));
    let mut pieces = match wanted.content {
        TarballContent::Everything | TarballContent::SourceOnly if has_source => {
            vec![("dkms_source_tree".into(), Piece::Tree(source.to_path_buf()))]
        }
        _ => lone_conf(id, source),
    };
    pieces.push(("dkms_main_tree".into(), Piece::Folder));
    let mut targets: Vec<&Target> = wanted.targets.iter().collect();
    targets.sort();
    let mut last = None;
    for target in targets {
        let kernel = Path::new("dkms_main_tree").join(&target.kernel);
        if last.replace(&target.kernel) != Some(&target.kernel) {
            pieces.push((kernel.clone(), Piece::Folder));
        }
        pieces.push((kernel.join(&target.arch), Piece::Tree(layout.built(id, target))));
    }
    pieces
}

fn lone_conf(id: &ModuleId, source: &Path) -> Vec<(PathBuf, Piece)> {
    let folder = Path::new("dkms_binaries_only");
    vec![
        (folder.into(), Piece::Folder),
        (folder.join("PACKAGE_NAME"), Piece::Text(format!("{}\n", id.name))),
        (folder.join("PACKAGE_VERSION"), Piece::Text(format!("{}\n", id.version))),
        (folder.join("dkms.conf"), Piece::File(source.join("dkms.conf"))),
    ]
}

/// When a file was changed, in seconds since 1970.
fn changed(file: &Path) -> u64 {
    let time = fs_err::metadata(file).and_then(|meta| meta.modified()).unwrap_or(UNIX_EPOCH);
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch).
fn latest(context: &Context<'_>) -> Option<u64> {
    context.system.variable("SOURCE_DATE_EPOCH")?.to_str()?.parse().ok()
}

fn failed(id: &ModuleId, file: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot pack {id} in {}", file.display());
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::io(message, error),
        _ => Error::new(Kind::TarballFailed, message).caused_by(error),
    }
}
