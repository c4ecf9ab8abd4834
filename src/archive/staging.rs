//! The folder that an archive is unpacked into, entry by entry.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::archive::error::{ArchiveError, Refusal, fault};
use crate::archive::limits::{Limits, Unpacked};
use crate::archive::links;
use crate::archive::member::{Content, Member, Taker};

/// A folder under construction. Symbolic links are made last, so that no entry can be written through one.
pub(crate) struct Staging {
    root: PathBuf,
    limits: Limits,
    done: Unpacked,
    /// Bytes of all names.
    names: u64,
    folders: BTreeSet<PathBuf>,
    links: BTreeMap<PathBuf, PathBuf>,
    reach: Reach,
}

/// Where links may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Inside,
    /// Anywhere: they are those of a system's root, and nobody follows them here.
    Anywhere,
}

impl Staging {
    pub(crate) fn new(root: &Path, limits: Limits, reach: Reach) -> Self {
        let (done, folders, links) = (Unpacked::default(), BTreeSet::from([PathBuf::new()]), BTreeMap::new());
        Self { root: root.to_path_buf(), limits, done, names: 0, folders, links, reach }
    }
}

impl Taker for Staging {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn put(&mut self, member: &Member, data: &mut dyn Read) -> Result<(), ArchiveError> {
        let entry = member.name.to_string_lossy().into_owned();
        let refuse = |reason| ArchiveError::Refused { entry: entry.clone(), reason };
        let path = inner(&member.name, &self.limits).map_err(refuse)?;
        self.count(&entry, member)?;
        if let Some(link) = path.ancestors().skip(1).find(|above| self.links.contains_key(*above)) {
            return Err(refuse(Refusal::ThroughLink(link.display().to_string())));
        }
        match &member.content {
            Content::Folder => self.folder(&path, member.mode).map_err(|fault| fault.named(&entry)),
            Content::File(size) => {
                self.grow(&entry, *size)?;
                let file = self.create(&path, member).map_err(|fault| fault.named(&entry))?;
                copy(data, file, *size, member.time, &entry)
            }
            Content::Link(target) => self.link(&path, target).map_err(|fault| fault.named(&entry)),
            Content::HardLink(target) => self.hard_link(&path, target, member, &entry),
        }
    }
}

impl Staging {
    /// Makes the symbolic links and checks that each leads where it may.
    pub(crate) fn finish(self) -> Result<Unpacked, ArchiveError> {
        for (path, target) in &self.links {
            let place = self.root.join(path);
            fs_err::os::unix::fs::symlink(target, &place).map_err(|source| write(&place, source))?;
        }
        let bounded = self.links.iter().filter(|_| self.reach == Reach::Inside);
        for (path, target) in bounded {
            if links::leaves(&self.root, path) {
                let reason = Refusal::Leaves(target.display().to_string());
                return Err(ArchiveError::Refused { entry: path.display().to_string(), reason });
            }
        }
        Ok(self.done)
    }

    fn count(&mut self, entry: &str, member: &Member) -> Result<(), ArchiveError> {
        self.done.entries += 1;
        self.done.newest = self.done.newest.max(member.time);
        self.names += entry.len() as u64;
        if let Content::Link(target) = &member.content {
            self.names += target.as_os_str().len() as u64;
        }
        // A short name may bring many folders: those that are there already count with the entries.
        if self.done.entries.max(self.folders.len() as u64) > self.limits.entries {
            return Err(ArchiveError::TooMany { entry: entry.to_owned(), limit: self.limits.entries });
        }
        if self.names > self.limits.names {
            let reason = Refusal::Names(self.limits.names);
            return Err(ArchiveError::Refused { entry: entry.to_owned(), reason });
        }
        Ok(())
    }

    fn grow(&mut self, entry: &str, size: u64) -> Result<(), ArchiveError> {
        self.done.bytes = self.done.bytes.saturating_add(size);
        if self.done.bytes > self.limits.size {
            return Err(ArchiveError::TooLarge { entry: entry.to_owned(), limit: self.limits.size });
        }
        Ok(())
    }

    fn folder(&mut self, path: &Path, mode: u32) -> Result<(), Fault> {
        if self.links.contains_key(path) {
            return Err(Fault::Refused(Refusal::Clash));
        }
        self.parents(path)?;
        let place = self.root.join(path);
        if self.folders.insert(path.to_path_buf()) {
            make_folder(&place).map_err(|error| clash_or(error, &place))?;
        }
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        let mode = std::fs::Permissions::from_mode((mode & 0o755) | 0o700);
        fs_err::set_permissions(&place, mode).map_err(|error| Fault::Write(place, error))
    }

    /// Makes the folders above that no entry has named.
    fn parents(&mut self, path: &Path) -> Result<(), Fault> {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .skip(1)
            .take_while(|above| !self.folders.contains(*above))
            .map(Path::to_path_buf)
            .collect();
        for folder in missing.into_iter().rev() {
            let place = self.root.join(&folder);
            make_folder(&place).map_err(|error| clash_or(error, &place))?;
            self.folders.insert(folder);
        }
        Ok(())
    }

    /// A new file in place of an earlier file or link of that name: the last entry counts, as for tar(1).
    fn create(&mut self, path: &Path, member: &Member) -> Result<fs_err::File, Fault> {
        self.vacate(path)?;
        let place = self.root.join(path);
        let mut options = fs_err::OpenOptions::new();
        let options = options.write(true).create_new(true);
        fs_err::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
        let file = options.open(&place).map_err(|error| Fault::Write(place.clone(), error))?;
        let mode = std::fs::Permissions::from_mode((member.mode & 0o755) | 0o600);
        file.set_permissions(mode).map_err(|error| Fault::Write(place, error))?;
        Ok(file)
    }

    fn link(&mut self, path: &Path, target: &Path) -> Result<(), Fault> {
        if target.as_os_str().is_empty() || target.as_os_str().as_bytes().contains(&0) {
            return Err(Fault::Refused(Refusal::Name));
        }
        if target.as_os_str().len() > self.limits.path {
            return Err(Fault::Refused(Refusal::LongTarget(self.limits.path)));
        }
        self.vacate(path)?;
        self.links.insert(path.to_path_buf(), target.to_path_buf());
        Ok(())
    }

    fn hard_link(&mut self, path: &Path, target: &Path, member: &Member, entry: &str) -> Result<(), ArchiveError> {
        let refuse = |reason| ArchiveError::Refused { entry: entry.to_owned(), reason };
        let from = inner(target, &self.limits).map_err(refuse)?;
        if let Some(target) = self.links.get(&from).cloned() {
            return self.link(path, &target).map_err(|fault| fault.named(entry));
        }
        let no_file = || refuse(Refusal::HardLink(target.display().to_string()));
        let through = from.ancestors().any(|above| self.links.contains_key(above));
        let source = self.root.join(&from);
        let size = match fs_err::symlink_metadata(&source) {
            Ok(meta) if meta.is_file() && !through && from != path => meta.len(),
            _ => return Err(no_file()),
        };
        self.grow(entry, size)?;
        let mut source = fs_err::File::open(&source).map_err(|error| write(&source, error))?;
        let file = self.create(path, member).map_err(|fault| fault.named(entry))?;
        copy(&mut source, file, size, member.time, entry)
    }

    /// Makes room for a file or link: its parents, and away with an earlier file or link of the same name.
    fn vacate(&mut self, path: &Path) -> Result<(), Fault> {
        if self.folders.contains(path) {
            return Err(Fault::Refused(Refusal::Clash));
        }
        self.parents(path)?;
        self.links.remove(path);
        let place = self.root.join(path);
        match std::fs::remove_file(&place) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Fault::Write(place, error)),
        }
    }
}

/// The name without `.` and doubled slashes; refuses what could leave the folder.
fn inner(name: &Path, limits: &Limits) -> Result<PathBuf, Refusal> {
    let bytes = name.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.iter().any(u8::is_ascii_control) {
        return Err(Refusal::Name);
    }
    if bytes.len() > limits.path {
        return Err(Refusal::LongName(limits.path));
    }
    let mut path = PathBuf::new();
    for (depth, part) in name.components().enumerate() {
        match part {
            _ if depth > limits.depth => return Err(Refusal::Deep(limits.depth)),
            Component::Normal(part) if part.len() > Limits::NAME => return Err(Refusal::LongName(Limits::NAME)),
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir => return Err(Refusal::Parent),
            Component::RootDir | Component::Prefix(_) => return Err(Refusal::Absolute),
        }
    }
    Ok(path)
}

fn copy(data: &mut dyn Read, file: fs_err::File, size: u64, time: u64, entry: &str) -> Result<(), ArchiveError> {
    let place = file.path().to_path_buf();
    let mut file = file;
    let mut buffer = vec![0; 64 << 10];
    let mut left = size;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = data.read(&mut buffer[..want]).map_err(|error| fault(Some(entry.to_owned()), &error))?;
        if read == 0 {
            return Err(ArchiveError::Cut { entry: Some(entry.to_owned()) });
        }
        io::Write::write_all(&mut file, &buffer[..read]).map_err(|source| write(&place, source))?;
        left -= read as u64;
    }
    // A time that the file system cannot hold is not worth an error.
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(time)).unwrap_or(UNIX_EPOCH);
    file.into_parts().0.set_modified(time).or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Ok(()),
        _ => Err(write(&place, error)),
    })
}

fn make_folder(place: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o755).create(place)
}

fn clash_or(error: io::Error, place: &Path) -> Fault {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => Fault::Refused(Refusal::Clash),
        _ => Fault::Write(place.to_path_buf(), error),
    }
}

fn write(path: &Path, source: io::Error) -> ArchiveError {
    ArchiveError::Write { path: path.to_path_buf(), source }
}

/// An error before the entry's name is put to it.
enum Fault {
    Refused(Refusal),
    Write(PathBuf, io::Error),
}

impl Fault {
    fn named(self, entry: &str) -> ArchiveError {
        match self {
            Self::Refused(reason) => ArchiveError::Refused { entry: entry.to_owned(), reason },
            Self::Write(path, source) => ArchiveError::Write { path, source },
        }
    }
}
