//! File operations that name their path when they fail, and those that make a change appear at once.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Whether a regular file there may be executed by somebody.
pub fn is_executable(file: &Path) -> bool {
    fs_err::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Writes a file so that readers see the old content or the new one, and a crash leaves one of the two: a temporary
/// file beside it, mode, fsync, rename, fsync of the folder.
pub fn write_atomically(file: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let named = |error| io::Error::other(format!("cannot write {}: {error}", file.display()));
    let mut staged = tempfile::Builder::new()
        .prefix(".tmp_")
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot write in {}: {error}", folder.display())))?;
    staged.write_all(content).map_err(|error| keep_kind(error, named))?;
    staged.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(|error| keep_kind(error, named))?;
    staged.as_file().sync_all().map_err(|error| keep_kind(error, named))?;
    staged.persist(file).map_err(|error| keep_kind(error.error, named))?;
    sync_folder(folder)
}

/// Makes the entries of a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    fs_err::File::open(folder)?.sync_all()
}

fn keep_kind(error: io::Error, named: impl Fn(io::Error) -> io::Error) -> io::Error {
    let kind = error.kind();
    io::Error::new(kind, named(error))
}
