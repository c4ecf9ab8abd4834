//! What a package holds: a source folder, walked, filtered and normalised.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::archive::error::{ArchiveError, Refusal};
use crate::archive::filter;
use crate::archive::filter::Verdict;
use crate::archive::limits::Limits;
use crate::archive::links;
use crate::package::input::checkout::Tracked;
use crate::package::module::machine::{self, Machine};

/// Bytes of what stat(2) counts as one block, whatever the file system has.
const BLOCK: u64 = 512;

/// One entry of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The path below the source folder, without a leading slash; empty for the folder itself.
    pub(crate) path: String,
    pub(crate) kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A folder, mode 0755.
    Folder,
    /// A file, mode 0755 or 0644.
    File(File),
    /// A symbolic link that stays inside.
    Link(String),
}

/// A file of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) size: u64,
    /// Whether anybody may execute it.
    pub(crate) executable: bool,
    pub(crate) content: Content,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Disk(PathBuf),
    Bytes(Vec<u8>),
}

impl File {
    /// A file made here, mode 0644.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, executable: false, content: Content::Bytes(bytes) }
    }

    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.content {
            Content::Disk(path) => Box::new(fs_err::File::open(path)?),
            Content::Bytes(bytes) => Box::new(bytes.as_slice()),
        })
    }

    pub(crate) fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Payload {
    /// Every entry, the folder itself first, sorted by path bytes.
    pub(crate) entries: Vec<Entry>,
    /// Paths that were left out as version control files.
    pub(crate) vcs: Vec<String>,
    /// Paths that were left out because git does not track them.
    pub(crate) untracked: Vec<String>,
    /// Paths that were left out as products of a build.
    pub(crate) built: Vec<String>,
    pub(crate) objects: Vec<String>,
    /// The architectures of objects and libraries that stay.
    pub(crate) machines: BTreeSet<Machine>,
    /// Programs and shared libraries that stay, which no module is linked from.
    pub(crate) programs: Vec<String>,
    /// Bytes of all files together.
    pub(crate) bytes: u64,
    /// The newest time of a file that stays, or that of the commit that is checked out, in seconds since 1970.
    pub(crate) newest: u64,
}

/// Walks a source folder, or the part of it that is tracked. Entries that no package may hold are errors that name them, as in
/// an archive.
pub(crate) fn walk(root: &Path, limits: &Limits, tracked: Option<&Tracked>) -> Result<Payload, ArchiveError> {
    let mut payload = Payload::default();
    payload.entries.push(Entry { path: String::new(), kind: EntryKind::Folder });
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let names = payload.names(&root.join(&folder), &folder, tracked)?;
        let siblings: BTreeSet<String> = names.iter().cloned().collect();
        for name in names {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let meta = fs_err::symlink_metadata(root.join(&path)).map_err(ArchiveError::Read)?;
            match filter::judge(&name, meta.is_dir(), &siblings) {
                Verdict::DropVcs => payload.vcs.push(path),
                Verdict::DropBuilt => payload.built.push(path),
                _ if tracked.is_some_and(|tracked| !tracked.holds(&path)) => payload.untracked.push(path),
                verdict => {
                    if meta.is_dir() {
                        folders.push(path.clone());
                    }
                    payload.add(root, path, &meta, verdict, limits)?;
                }
            }
        }
    }
    payload.entries.sort_by(|a, b| a.path.cmp(&b.path));
    payload.vcs.sort();
    payload.untracked.sort();
    payload.built.sort();
    payload.objects.sort();
    Ok(payload)
}

impl Payload {
    /// The names in a folder, checked: text without control characters. What git does not track may be called anything.
    fn names(&mut self, folder: &Path, below: &str, tracked: Option<&Tracked>) -> Result<Vec<String>, ArchiveError> {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(folder).map_err(ArchiveError::Read)? {
            let name = entry.map_err(ArchiveError::Read)?.file_name();
            let shown = format!("{below}/{}", name.to_string_lossy()).trim_start_matches('/').to_owned();
            match name.to_str() {
                Some(text) if !text.chars().any(char::is_control) => names.push(text.to_owned()),
                _ if tracked.is_some_and(|tracked| !tracked.holds(&shown)) => self.untracked.push(shown),
                _ => return Err(refuse(&shown, Refusal::Name)),
            }
        }
        Ok(names)
    }

    fn add(
        &mut self,
        root: &Path,
        path: String,
        meta: &std::fs::Metadata,
        verdict: Verdict,
        limits: &Limits,
    ) -> Result<(), ArchiveError> {
        if self.entries.len() as u64 > limits.entries {
            return Err(ArchiveError::TooMany { entry: path, limit: limits.entries });
        }
        if path.len() > limits.path {
            return Err(refuse(&path, Refusal::LongName(limits.path)));
        }
        if path.split('/').count() > limits.depth + 1 {
            return Err(refuse(&path, Refusal::Deep(limits.depth)));
        }
        let kind = if meta.is_dir() {
            EntryKind::Folder
        } else if meta.is_file() {
            self.file(root, &path, meta, verdict, limits)?
        } else if meta.is_symlink() {
            link(root, &path)?
        } else {
            let device = meta.file_type().is_char_device() || meta.file_type().is_block_device();
            return Err(refuse(&path, Refusal::Special(if device { "device" } else { "named pipe or socket" })));
        };
        self.entries.push(Entry { path, kind });
        Ok(())
    }

    fn file(
        &mut self,
        root: &Path,
        path: &str,
        meta: &std::fs::Metadata,
        verdict: Verdict,
        limits: &Limits,
    ) -> Result<EntryKind, ArchiveError> {
        self.bytes += meta.len();
        if self.bytes > limits.size {
            return Err(ArchiveError::TooLarge { entry: path.to_owned(), limit: limits.size });
        }
        // As in an archive that becomes too many times larger than its file.
        let stored = meta.blocks() * BLOCK;
        if meta.len() > limits.harmless && meta.len() / limits.ratio > stored {
            return Err(refuse(path, Refusal::Sparse { size: meta.len(), stored }));
        }
        let since = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.newest = self.newest.max(since.map_or(0, |since| since.as_secs()));
        let disk = root.join(path);
        let open = || fs_err::File::open(&disk).map_err(ArchiveError::Read);
        let mut head = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(open()?, 20), &mut head).map_err(ArchiveError::Read)?;
        if machine::is_program(&head) {
            self.programs.push(path.to_owned());
        } else if head.starts_with(b"\x7fELF") || head.starts_with(b"!<arch>") {
            self.machines.extend(Machine::read(open()?).map_err(ArchiveError::Read)?);
        }
        if verdict == Verdict::KeepObject {
            self.objects.push(path.to_owned());
        }
        let executable = meta.permissions().mode() & 0o111 != 0;
        Ok(EntryKind::File(File { size: meta.len(), executable, content: Content::Disk(disk) }))
    }

    /// The file at this path, if there is one.
    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        match &self.entries.iter().find(|entry| entry.path == path)?.kind {
            EntryKind::File(file) => Some(file),
            EntryKind::Folder | EntryKind::Link(_) => None,
        }
    }

    /// Puts a file in place of what is there, or adds it.
    pub(crate) fn set(&mut self, path: &str, file: File) {
        self.entries.retain(|entry| entry.path != path);
        self.entries.push(Entry { path: path.to_owned(), kind: EntryKind::File(file) });
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Lays everything into a folder.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs_err::create_dir_all(folder)?;
        for entry in &self.entries {
            let path = folder.join(&entry.path);
            match &entry.kind {
                EntryKind::Folder => fs_err::create_dir_all(&path)?,
                EntryKind::Link(target) => symlink(target, &path)?,
                EntryKind::File(file) => {
                    io::copy(&mut file.open()?, &mut fs_err::File::create(&path)?)?;
                    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(file.mode()))?;
                }
            }
        }
        Ok(())
    }

    /// How many files and links there are.
    pub(crate) fn count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.kind != EntryKind::Folder).count()
    }
}

fn link(root: &Path, path: &str) -> Result<EntryKind, ArchiveError> {
    let target = fs_err::read_link(root.join(path)).map_err(ArchiveError::Read)?;
    let text = target.to_string_lossy().into_owned();
    if links::leaves(root, Path::new(path)) {
        return Err(refuse(path, Refusal::Leaves(text)));
    }
    match target.to_str() {
        Some(text) if !text.chars().any(char::is_control) => Ok(EntryKind::Link(text.to_owned())),
        _ => Err(refuse(path, Refusal::Name)),
    }
}

fn refuse(entry: &str, reason: Refusal) -> ArchiveError {
    ArchiveError::Refused { entry: entry.trim_start_matches('/').to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn a_tree_becomes_sorted_entries_without_its_leavings() {
        let folder =
            tree(&[("dkms.conf", "x"), ("src/a.c", "abc"), ("src/a.o", "z"), (".git/config", "g"), ("src-x", "y")]);
        fs_err::set_permissions(folder.path().join("src-x"), std::fs::Permissions::from_mode(0o4711)).unwrap();
        std::os::unix::fs::symlink("src/a.c", folder.path().join("link")).unwrap();
        let payload = walk(folder.path(), &Limits::default(), None).unwrap();
        let paths: Vec<&str> = payload.entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["", "dkms.conf", "link", "src", "src-x", "src/a.c"]);
        assert_eq!((payload.bytes, payload.find("src-x").unwrap().mode()), (5, 0o755));
        assert_eq!((payload.vcs, payload.built), (vec![".git".to_owned()], vec!["src/a.o".to_owned()]));
    }

    #[test]
    fn links_out_pipes_and_too_much_are_refused_by_name() {
        let folder = tree(&[("sub/a.c", "abc")]);
        std::os::unix::fs::symlink("../../x", folder.path().join("sub/out")).unwrap();
        let error = walk(folder.path(), &Limits::default(), None).unwrap_err().to_string();
        assert!(error.contains("`sub/out`") && error.contains("../../x"), "{error}");
        let folder = tree(&[("sub/a.c", "abc")]);
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
        let error = walk(folder.path(), &Limits::default(), None).unwrap_err().to_string();
        drop(socket);
        assert!(error.contains("`s`") && error.contains("socket"), "{error}");
        let folder = tree(&[("sub/a.c", "abc")]);
        let error = walk(folder.path(), &Limits::of_size(2), None).unwrap_err().to_string();
        assert!(error.contains("sub/a.c"), "{error}");
        let folder = tree(&[("sub/a.c", "abc")]);
        let hole = fs_err::File::create(folder.path().join("sub/hole")).unwrap();
        hole.set_len(1 << 30).unwrap();
        let error = walk(folder.path(), &Limits::default(), None).unwrap_err().to_string();
        assert!(error.contains("`sub/hole`") && error.contains("of which 0 are on the disk"), "{error}");
        let folder = tree(&[("sub/a.c", "abc"), ("sub/b.c", "")]);
        for (limits, said) in [
            (Limits { depth: 0, ..Limits::default() }, "it lies more than 0 folders deep"),
            (Limits { path: 4, ..Limits::default() }, "its name has more than 4 bytes"),
            (Limits { entries: 2, ..Limits::default() }, "more than 2 entries"),
        ] {
            let error = walk(folder.path(), &limits, None).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("`sub/"), "{error}");
        }
    }

    #[test]
    fn an_elf_file_is_noticed_whatever_its_name() {
        let folder = tree(&[("a.c", "abc")]);
        let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
        elf.resize(18, 0);
        elf.extend(62u16.to_le_bytes());
        fs_err::write(folder.path().join("blob.bin"), elf).unwrap();
        assert_eq!(walk(folder.path(), &Limits::default(), None).unwrap().machines.len(), 1);
    }
}
