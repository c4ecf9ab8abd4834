//! File operations that name their path when they fail, and those that make a change appear at once.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use fs_err as fs;

use super::trace;

/// Whether a regular file there may be executed by somebody.
pub(crate) fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether a folder is there, not a symlink to one.
pub(crate) fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Whether nothing can be written on the file system of that path, whoever asks; no where it cannot be told.
pub(crate) fn is_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|stat| stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Bytes that are free for us on the file system of that folder; None when it cannot be told.
pub(crate) fn free_space(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Puts the path into an input/output error that lacks it; the kind stays, so a full disk can still be told.
pub(crate) fn at(path: &Path, doing: &str, error: io::Error) -> io::Error {
    let text = error.to_string();
    // tempfile adds the name of its own file, which is nobody's.
    let text = text.split_once(" at path \"").map_or(text.as_str(), |(text, _)| text);
    io::Error::new(error.kind(), format!("cannot {doing} {}: {text}", path.display()))
}

/// Makes a folder and its missing parents, each with mode 0755.
pub(crate) fn create_folders(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(|error| at(folder, "create", error))
}

/// Writes a file so that readers see the old content or the new one, and a crash leaves one of the two: a temporary
/// file beside it, mode, fsync, rename, fsync of the folder.
pub(crate) fn write_atomically(file: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(file);
    let mut staged = temporary_file(folder, ".tmp_", mode)?;
    staged.write_all(content).map_err(|error| at(file, "write", error))?;
    persist(staged, file, mode)
}

/// Copies a file as [`write_atomically`] writes one: it appears complete under its name, with the modification time of
/// the one copied.
pub(crate) fn copy_atomically(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let folder = folder_of(to);
    let mut source = fs::File::open(from)?;
    let mut staged = temporary_file(folder, ".tmp_", mode)?;
    io::copy(&mut source, staged.as_file_mut()).map_err(|error| at(to, "write", error))?;
    if let Ok(time) = source.metadata().and_then(|meta| meta.modified()) {
        staged.as_file().set_modified(time).map_err(|error| at(to, "set the time of", error))?;
    }
    persist(staged, to, mode)
}

fn temporary_file(folder: &Path, prefix: &str, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(|error| at(folder, "write in", error))
}

fn persist(staged: tempfile::NamedTempFile, file: &Path, mode: u32) -> io::Result<()> {
    let permissions = std::fs::Permissions::from_mode(mode);
    staged.as_file().set_permissions(permissions).map_err(|error| at(file, "set the mode of", error))?;
    staged.as_file().sync_all().map_err(|error| at(file, "write", error))?;
    staged.persist(file).map_err(|error| at(file, "write", error.error))?;
    trace::tell(|| format!("wrote {}", file.display()));
    sync_folder(folder_of(file))
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// The folder that a file is in, also of one that is named without any.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes every file and folder below (and including) this one durable. For few files; see [`sync_file_system`].
pub(crate) fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_tree(&entry.path())?;
        } else if kind.is_file() {
            fs::File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Makes everything on the file system of this folder durable: one call where a source tree has thousands of files.
pub(crate) fn sync_file_system(folder: &Path) -> io::Result<()> {
    let opened = fs::File::open(folder)?;
    rustix::fs::syncfs(&opened).map_err(|error| at(folder, "sync", error.into()))
}

/// Deletes whatever is there: a file, a symlink (never what it leads to) or a folder with all it holds. Nothing there is
/// no error.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    let gone = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) };
    match fs::symlink_metadata(path) {
        // The standard library deletes relative to opened folders, so that an entry swapped for a symlink meanwhile is
        // unlinked and not followed.
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path).or_else(gone),
        Ok(_) => fs::remove_file(path).or_else(gone),
        Err(error) => gone(error),
    }
}

/// Every symlink below a folder, relative to it.
pub(crate) fn links(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut ahead = vec![PathBuf::new()];
    while let Some(inside) = ahead.pop() {
        for entry in fs::read_dir(folder.join(&inside))? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, inside.join(entry.file_name()));
            if kind.is_dir() {
                ahead.push(path);
            } else if kind.is_symlink() {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Deletes a folder if it is empty. Returns whether it is gone.
pub(crate) fn remove_if_empty(folder: &Path) -> io::Result<bool> {
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        // Where something is mounted, it is busy.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory | io::ErrorKind::ResourceBusy
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Deletes every empty folder in there, and the folder itself if nothing else is in it.
pub(crate) fn remove_empty_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty_folders(&entry.path())?;
        }
    }
    remove_if_empty(folder).map(|_| ())
}

/// Whether two files hold the same bytes; sizes are looked at first, and one file under two names is not read at all.
pub(crate) fn same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (first, second) = (fs::File::open(one)?, fs::File::open(other)?);
    let (meta, other_meta) = (first.metadata()?, second.metadata()?);
    if (meta.dev(), meta.ino()) == (other_meta.dev(), other_meta.ino()) {
        return Ok(true);
    }
    if meta.len() != other_meta.len() {
        return Ok(false);
    }
    same_bytes(first, second)
}

fn same_bytes(one: impl io::Read, other: impl io::Read) -> io::Result<bool> {
    use io::BufRead;
    let (mut one, mut other) =
        (io::BufReader::with_capacity(1 << 16, one), io::BufReader::with_capacity(1 << 16, other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let common = left.len().min(right.len());
        if common == 0 {
            return Ok(left.len() == right.len());
        }
        if left[..common] != right[..common] {
            return Ok(false);
        }
        one.consume(common);
        other.consume(common);
    }
}

/// As many symlinks as the kernel follows in one path (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Where a path leads when `root` is taken for `/`: every symlink on the way is followed inside the root, absolute ones
/// and `..` included. None when something on the way is missing.
///
/// `path` has the root in front (as this process opens it) or is an absolute path inside the root. For the root `/` this
/// is what the kernel does.
pub(crate) fn resolve(root: &Path, path: &Path) -> Option<PathBuf> {
    if root == Path::new("/") {
        return fs::canonicalize(path).ok();
    }
    follow(root, path.strip_prefix(root).unwrap_or(path)).ok()
}

/// Where an absolute path of a root is opened: as [`resolve`] has it as far as it exists, and then as it stands. For the
/// root `/` it is the path itself.
pub(crate) fn opened(root: &Path, path: &Path) -> PathBuf {
    if root == Path::new("/") {
        return path.to_path_buf();
    }
    followed(root, path)
}

/// The same with the links of `/` followed as well.
pub(super) fn followed(root: &Path, path: &Path) -> PathBuf {
    follow(root, path).unwrap_or_else(|beyond| beyond)
}

/// The same for an entry that is itself meant, also when it is a symlink.
pub(crate) fn opened_entry(root: &Path, path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => opened(root, folder).join(name),
        _ => opened(root, path),
    }
}

/// Ok when all of it exists; Err for a path whose end does not, and for one that goes in circles.
fn follow(root: &Path, path: &Path) -> Result<PathBuf, PathBuf> {
    let mut todo: Vec<std::ffi::OsString> = names(path);
    todo.reverse();
    let mut inside = PathBuf::new();
    let (mut links, mut all_there) = (0, true);
    while let Some(name) = todo.pop() {
        if name == ".." {
            inside.pop();
            continue;
        }
        let here = root.join(&inside).join(&name);
        let link = match fs::symlink_metadata(&here) {
            Ok(meta) if meta.is_symlink() && links < MAX_LINKS => fs::read_link(&here).ok(),
            Ok(meta) => {
                all_there &= !meta.is_symlink();
                None
            }
            Err(_) => {
                all_there = false;
                None
            }
        };
        let Some(target) = link else {
            inside.push(&name);
            continue;
        };
        links += 1;
        if target.is_absolute() {
            inside = PathBuf::new();
        }
        todo.extend(names(&target).into_iter().rev());
    }
    // A root ends without a slash, whatever follows.
    let found = if inside.as_os_str().is_empty() { root.to_path_buf() } else { root.join(inside) };
    if all_there { Ok(found) } else { Err(found) }
}

/// Whether a path leads to a file when `root` is taken for `/`; see [`resolve`].
pub(crate) fn leads_to_file(root: &Path, path: &Path) -> bool {
    match root == Path::new("/") {
        true => path.is_file(),
        false => resolve(root, path).is_some_and(|file| file.is_file()),
    }
}

fn names(path: &Path) -> Vec<std::ffi::OsString> {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
