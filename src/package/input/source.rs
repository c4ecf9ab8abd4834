//! The input of a package: an archive or a folder, and in it the source tree with its dkms.conf.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::archive::error::ArchiveError;
use crate::archive::filter;
use crate::archive::filter::Verdict;
use crate::archive::limits::Limits;
use crate::archive::unpack;
use crate::error::Error;
use crate::exit::Kind;

/// A source tree that lies unpacked on disk.
#[derive(Debug)]
pub(crate) struct Source {
    /// The folder that becomes /usr/src/NAME-VERSION.
    pub(crate) folder: PathBuf,
    /// Its dkms.conf, if there is one; it may lie elsewhere (`-c FILE`, a packaging folder).
    pub(crate) conf: Option<PathBuf>,
    /// The name of the archive without its suffixes, or of the folder.
    pub(crate) stem: String,
    /// The newest time in the archive, in seconds since 1970; None for a folder.
    pub(crate) newest: Option<u64>,
    /// Removes what was unpacked.
    unpacked: Option<tempfile::TempDir>,
}

/// Why an input cannot be packaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    /// The archive or folder is refused.
    #[error("cannot use {}", .0.display())]
    Archive(PathBuf, #[source] ArchiveError),
    #[error("{} holds several dkms.conf files: {}", .input.display(), .places.join(", "))]
    SeveralConfs {
        input: PathBuf,
        /// Where they are, below its top folder.
        places: Vec<String>,
    },
    /// The file that -c names.
    #[error("there is no {}, neither in {} nor here", .conf.display(), .input.display())]
    ConfMissing { conf: PathBuf, input: PathBuf },
    #[error("cannot make a temporary folder in {}", .0.display())]
    Temporary(PathBuf, #[source] std::io::Error),
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        match error {
            SourceError::Missing(_) => Self::new(Kind::ArchiveMissing, message),
            SourceError::Archive(input, error) => error.at(&input),
            SourceError::SeveralConfs { .. } => {
                Self::new(Kind::ArchiveWithoutConf, message).hint("choose one of them with -c FILE")
            }
            SourceError::ConfMissing { .. } => Self::new(Kind::ConfMissing, message),
            SourceError::Temporary(_, source) => Self::io(message, source).hint("set tmp_location or TMPDIR"),
        }
    }
}

/// Opens an archive (unpacked below `temporary`) or a folder, and finds its dkms.conf: the one that `conf` names (in the
/// tree, else on this machine), else the one at the root after one top folder is stripped, else the only one.
///
/// `tell` hears how many bytes of an archive are read so far, and how many it has.
pub(crate) fn open(
    input: &Path,
    conf: Option<&Path>,
    limits: &Limits,
    temporary: &Path,
    tell: &dyn Fn(u64, u64),
) -> Result<Source, SourceError> {
    open_bare(input, limits, temporary, tell)?.locate(input, conf)
}

/// The same without a look for a dkms.conf.
pub(crate) fn open_bare(
    input: &Path,
    limits: &Limits,
    temporary: &Path,
    tell: &dyn Fn(u64, u64),
) -> Result<Source, SourceError> {
    let meta = fs_err::metadata(input).map_err(|_| SourceError::Missing(input.to_path_buf()))?;
    if meta.is_dir() {
        let folder = fs_err::canonicalize(input).map_err(|_| SourceError::Missing(input.to_path_buf()))?;
        let stem = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return Ok(Source { conf: None, folder, stem, newest: None, unpacked: None });
    }
    let made = crate::sys::scratch::make(temporary);
    let unpacked = made.map_err(|error| SourceError::Temporary(temporary.to_path_buf(), error))?;
    let at = |error| SourceError::Archive(input.to_path_buf(), error);
    let tell = |done| tell(done, meta.len());
    let done = unpack::unpack_telling(input, unpacked.path(), limits, &tell).map_err(at)?;
    let folder = top_folder(unpacked.path());
    let (stem, newest) = (stem(input), Some(done.newest));
    Ok(Source { conf: None, folder, stem, newest, unpacked: Some(unpacked) })
}

impl Source {
    /// Whether it was unpacked from an archive.
    pub(crate) fn is_archive(&self) -> bool {
        self.unpacked.is_some()
    }

    /// The error where a dkms.conf is needed and there is none.
    pub(crate) fn without_conf(&self, input: &Path) -> Error {
        match self.is_archive() {
            true => Error::new(Kind::ArchiveWithoutConf, format!("{} holds no dkms.conf", input.display())),
            false => Error::new(Kind::OperandWithoutConf, format!("the folder {} holds no dkms.conf", input.display())),
        }
    }

    fn locate(self, input: &Path, conf: Option<&Path>) -> Result<Self, SourceError> {
        if let Some(conf) = conf {
            return self.locate_given(input, conf);
        }
        if self.folder.join("dkms.conf").is_file() {
            let conf = Some(self.folder.join("dkms.conf"));
            return Ok(Self { conf, ..self });
        }
        let mut places = places(&self.folder);
        match (places.pop(), places.is_empty()) {
            (Some(only), true) => Ok(self.in_place(&only)),
            (Some(last), false) => {
                places.push(last);
                Err(SourceError::SeveralConfs { input: input.to_path_buf(), places })
            }
            (None, _) => Ok(self),
        }
    }

    /// `-c FILE`: a path in the tree (which picks that source tree when it ends in dkms.conf), or a file of this machine.
    fn locate_given(self, input: &Path, conf: &Path) -> Result<Self, SourceError> {
        let inside = conf.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if inside && self.folder.join(conf).is_file() {
            let place = conf.to_string_lossy().into_owned();
            if conf.file_name().is_some_and(|name| name == "dkms.conf") {
                return Ok(self.in_place(&place));
            }
            let conf = Some(self.folder.join(conf));
            return Ok(Self { conf, ..self });
        }
        if conf.is_file() {
            return Ok(Self { conf: Some(conf.to_path_buf()), ..self });
        }
        Err(SourceError::ConfMissing { conf: conf.to_path_buf(), input: input.to_path_buf() })
    }

    /// A dkms.conf in a sub-folder: that is the source tree, unless nothing in it can be built; then the file is part of
    /// somebody's packaging and the source is the whole.
    fn in_place(self, place: &str) -> Self {
        let conf = self.folder.join(place);
        let folder = match conf.parent() {
            Some(folder) if holds_source(folder) => folder.to_path_buf(),
            _ => self.folder.clone(),
        };
        Self { conf: Some(conf), folder, ..self }
    }
}

/// The single folder in an unpacked archive, else the whole.
fn top_folder(unpacked: &Path) -> PathBuf {
    let entries: Vec<PathBuf> =
        fs_err::read_dir(unpacked).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    match entries.as_slice() {
        [only] if only.is_dir() && !only.is_symlink() => only.clone(),
        _ => unpacked.to_path_buf(),
    }
}

/// The name of an archive without .tar.gz and the like.
fn stem(archive: &Path) -> String {
    let name = archive.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let known = [".tar", ".tgz", ".tbz2", ".tbz", ".txz", ".tzst", ".zip", ".gz", ".bz2", ".xz", ".zst"];
    let mut stem = name.as_str();
    while let Some(shorter) = known.iter().find_map(|end| stem.strip_suffix(end)) {
        stem = shorter;
    }
    stem.trim_end_matches(".dkms").to_owned()
}

/// Where dkms.conf files lie below a folder, sorted.
fn places(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    visit(root, &mut |path| {
        if path.file_name().is_some_and(|name| name == "dkms.conf") {
            found.push(path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned());
        }
    });
    found.sort();
    found
}

/// Whether something below a folder can be built: C, a Makefile, a shipped object.
fn holds_source(folder: &Path) -> bool {
    let mut holds = false;
    visit(folder, &mut |path| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let makes = ["Makefile", "makefile", "GNUmakefile", "Kbuild"].contains(&name.as_str());
        holds |= makes || [".c", ".rs", ".S", ".o_shipped", ".o_binary"].iter().any(|end| name.ends_with(end));
    });
    holds
}

/// Calls back for every file below, version control folders left out. Unreadable folders are met again by the walk that
/// makes the payload, which reports them.
fn visit(root: &Path, each: &mut dyn FnMut(&Path)) {
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            let name = entry.file_name().to_string_lossy().into_owned();
            let wanted = || filter::judge(&name, true, &BTreeSet::new()) == Verdict::Keep;
            match kind {
                Ok(kind) if kind.is_dir() && wanted() => folders.push(path),
                Ok(kind) if kind.is_file() => each(&path),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            let file = folder.path().join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "x").unwrap();
        }
        folder
    }

    fn found(files: &[&str], conf: Option<&str>) -> Result<(String, String), String> {
        let folder = tree(files);
        let root = fs_err::canonicalize(folder.path()).unwrap();
        let source = open(folder.path(), conf.map(Path::new), &Limits::default(), Path::new("/tmp"), &|_, _| {})
            .map_err(|error| error.to_string())?;
        let below = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
        Ok((below(&source.folder), source.conf.as_deref().map_or_else(String::new, below)))
    }

    #[test]
    fn a_dkms_conf_is_found_where_people_put_it() {
        let pair = |folder: &str, conf: &str| Ok((folder.to_owned(), conf.to_owned()));
        assert_eq!(found(&["dkms.conf", "sub/dkms.conf"], None), pair("", "dkms.conf"));
        assert_eq!(found(&["driver/dkms.conf", "driver/Makefile", "README"], None), pair("driver", "driver/dkms.conf"));
        assert_eq!(found(&["debian/dkms.conf", "src/a.c"], None), pair("", "debian/dkms.conf"));
        assert_eq!(found(&[".git/dkms.conf", "a/dkms.conf", "a/a.c"], None), pair("a", "a/dkms.conf"));
        assert_eq!(found(&["a/dkms.conf", "a/a.c", "b/dkms.conf"], Some("a/dkms.conf")), pair("a", "a/dkms.conf"));
        assert_eq!(found(&["pkg/my.conf", "a.c"], Some("pkg/my.conf")), pair("", "pkg/my.conf"));
    }

    #[test]
    fn several_are_an_error_that_says_where_and_none_is_none() {
        let error = found(&["b/dkms.conf", "a/dkms.conf"], None).unwrap_err();
        assert!(error.contains("a/dkms.conf, b/dkms.conf"), "{error}");
        assert_eq!(found(&["a.c"], None).unwrap(), (String::new(), String::new()));
        assert!(found(&["dkms.conf"], Some("/nonexistent/dkms.conf")).unwrap_err().contains("/nonexistent/dkms.conf"));
    }

    #[test]
    fn suffixes_of_archives_are_no_part_of_their_name() {
        let cases = [
            ("/x/v4l2loopback-0.12.7.tar.gz", "v4l2loopback-0.12.7"),
            ("qla2x00src-v6.04.00.tgz", "qla2x00src-v6.04.00"),
            ("foo_1.2.orig.tar.xz", "foo_1.2.orig"),
            ("a-1-source-only.dkms.tar.gz", "a-1-source-only"),
        ];
        for (name, expected) in cases {
            assert_eq!(stem(Path::new(name)), expected);
        }
    }
}
