//! Why a build failed: its log, and what lies in its folder, as an error for people.

use std::path::{Path, PathBuf};

use crate::action::compile::log::BuildLog;
use crate::action::compile::prepared::Prepared;
use crate::diagnose::{self, About, Packages, Source};
use crate::error::Error;
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::sys::System;

/// A text that is larger is no makefile of a module.
const LARGEST_TEXT: u64 = 1 << 20;
/// Folders below folders that are searched for modules.
const DEEPEST: usize = 6;

/// The folder of a build that failed.
struct Left<'a> {
    system: &'a System,
    folder: &'a Path,
}

impl Left<'_> {
    fn place(&self, path: &str) -> PathBuf {
        if path.starts_with('/') { self.system.path(path) } else { self.folder.join(path) }
    }

    /// What the log of this build says; `code` is how its command ended.
    fn read(
        &self,
        log: &Path,
        code: Option<u8>,
        id: &ModuleId,
        target: &Target,
    ) -> std::io::Result<Option<diagnose::Finding>> {
        let os = self.system.os_release().cloned().unwrap_or_default();
        let packages = Packages::of(&os.id, &os.id_like);
        diagnose::read(log, code, &About { id, kernel: &target.kernel, packages, source: self })
    }
}

impl Source for Left<'_> {
    fn has(&self, path: &str) -> bool {
        !path.is_empty() && self.place(path).symlink_metadata().is_ok()
    }

    fn is_not_executable(&self, path: &str) -> bool {
        use std::os::unix::fs::PermissionsExt;
        let file = self.place(path).metadata();
        file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 == 0)
    }

    fn text(&self, path: &str) -> Option<String> {
        let place = self.place(path);
        let file = place.symlink_metadata().ok().filter(|file| file.is_file() && file.len() <= LARGEST_TEXT);
        file.and_then(|_| fs_err::read(place).ok()).map(|text| String::from_utf8_lossy(&text).into_owned())
    }

    fn is_empty(&self, path: &str) -> bool {
        fs_err::read_dir(self.place(path)).is_ok_and(|mut entries| entries.next().is_none())
    }

    fn modules(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(self.folder, "", DEEPEST, &mut found);
        found.sort();
        found
    }
}

fn collect(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (name, kind) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type());
        let path = format!("{prefix}{name}");
        if kind.as_ref().is_ok_and(std::fs::FileType::is_file) && name.ends_with(".ko") {
            found.push(path);
        } else if depth > 0 && kind.is_ok_and(|kind| kind.is_dir()) && !name.starts_with('.') {
            collect(&entry.path(), &format!("{path}/"), depth - 1, found);
        }
    }
}

/// Whether the first line of this log ends so.
pub(crate) fn begins_with(log: &Path, head: &str) -> bool {
    use std::io::BufRead;
    let Ok(file) = fs_err::File::open(log) else { return false };
    let first = std::io::BufReader::new(file).lines().next();
    first.is_some_and(|line| line.is_ok_and(|line| line.ends_with(head)))
}

/// What a log that a failed build left means now.
pub(crate) fn meaning(system: &System, id: &ModuleId, target: &Target, log: &Path) -> Option<diagnose::Finding> {
    let folder = log.parent().unwrap_or(Path::new("/"));
    Left { system, folder }.read(log, None, id, target).ok().flatten()
}

/// What explains a failed command: its log and its folder.
pub(super) struct Failed<'a> {
    pub(super) system: &'a System,
    pub(super) module: &'a Prepared<'a>,
    pub(super) folder: &'a Path,
    /// The exit code of the command.
    pub(super) code: Option<u8>,
}

impl Failed<'_> {
    /// Adds what the log says, if it says something.
    pub(super) fn explain(&self, error: Error, log: &BuildLog, reporter: &dyn Reporter) -> Error {
        match self.finding(log) {
            Ok(Some(finding)) => {
                let advice = finding.advice.clone().filter(|advice| !advice.is_empty());
                advice.into_iter().fold(error.caused_by(finding), Error::hint)
            }
            Ok(None) => error,
            Err(problem) => {
                reporter.warn(format!("the build log cannot be read: {problem}"));
                error
            }
        }
    }

    fn finding(&self, log: &BuildLog) -> std::io::Result<Option<diagnose::Finding>> {
        let left = Left { system: self.system, folder: self.folder };
        left.read(log.path(), self.code, self.module.id, self.module.target)
    }

    /// Of a module that was not made although the build ended well: what the log says, else what was made instead.
    pub(super) fn not_made(&self, error: Error, missing: &str, log: &BuildLog, reporter: &dyn Reporter) -> Error {
        let left = Left { system: self.system, folder: self.folder };
        if let Some((cause, lines)) = diagnose::misnamed(missing, &left.modules()) {
            let file = format!("/usr/src/{}/dkms.conf", self.module.id.source_folder());
            return error.caused_by(diagnose::Cause(cause)).hint(format!("set {lines} in {file}"));
        }
        let error = self.explain(error, log, reporter);
        if !error.causes().is_empty() {
            return error;
        }
        error.hint(
            "look at BUILT_MODULE_NAME and BUILT_MODULE_LOCATION, and whether make was told to build these modules",
        )
    }
}
