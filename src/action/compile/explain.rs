//! Why a build failed: its log, and what lies in its folder, as an error for people.

use std::path::{Path, PathBuf};

use crate::action::compile::log::BuildLog;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::walls;
use crate::diagnose::{self, About, Packages, Source};
use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::sys::System;
use crate::sys::fs::is_read_only;

/// A text that is larger is no makefile of a module.
const LARGEST_TEXT: u64 = 1 << 20;
/// Folders below folders that are searched for files.
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
        let found = diagnose::read(log, code, &About { id, kernel: &target.kernel, packages, source: self })?;
        // What lies in the folder of the build is named as the source names it.
        let folder = format!("{}/", self.system.inside(self.folder).display());
        let short = |line: String| without_shell(&line).replace(&folder, "");
        let found = found.map(|finding| diagnose::Finding { line: short(finding.line), ..finding });
        Ok(found.map(|finding| self.without_walls(finding)))
    }

    /// What a room shows read-only is no fault of a disk. What to do about that is told by [`walls`].
    fn without_walls(&self, finding: diagnose::Finding) -> diagnose::Finding {
        let refused = walls::read_only(&finding.line, &self.system.inside(self.folder));
        let is_of_disk = |path: &str| {
            let mut places = Path::new(path).ancestors().map(|path| self.system.path(path));
            places.find(|place| place.exists()).is_some_and(|place| is_read_only(&place))
        };
        if refused.is_none_or(is_of_disk) {
            return finding;
        }
        let cause = diagnose::Cause("a build may write its own folder only".to_owned());
        diagnose::Finding { cause: Some(cause), advice: None, ..finding }
    }
}

/// A complaint of the shell that ran a line of dkms.conf, without the name that we gave the shell.
fn without_shell(line: &str) -> &str {
    let said = line.strip_prefix("dkms: line ").and_then(|rest| rest.split_once(": "));
    said.map_or(line, |(_, said)| said)
}

impl Left<'_> {
    /// The files that are wanted, sorted.
    fn files(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut found = Vec::new();
        collect(self.folder, "", DEEPEST, is_wanted, &mut found);
        found.sort();
        found
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

    fn find(&self, ending: &str) -> Option<String> {
        let name = format!("/{ending}");
        self.files(&|path| path == ending || path.ends_with(&name)).into_iter().next()
    }

    fn modules(&self) -> Vec<String> {
        self.files(&|path| path.ends_with(".ko"))
    }
}

fn collect(folder: &Path, prefix: &str, depth: usize, is_wanted: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (name, kind) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type());
        let path = format!("{prefix}{name}");
        if kind.as_ref().is_ok_and(std::fs::FileType::is_file) && is_wanted(&path) {
            found.push(path);
        } else if depth > 0 && kind.is_ok_and(|kind| kind.is_dir()) && !name.starts_with('.') {
            collect(&entry.path(), &format!("{path}/"), depth - 1, is_wanted, found);
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
    /// The source tree, as a process inside the root names it.
    pub(super) source: &'a Path,
    /// The exit code of the command.
    pub(super) code: Option<u8>,
}

/// A command that failed, and what is known of it so far.
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// What failed: "building hello/1.0 for kernel 6.1 failed".
    pub(super) what: String,
    /// How it ended, for want of anything better.
    pub(super) how: String,
}

impl Failed<'_> {
    /// The failure with the line that ended it, why that happened and what to do; and where in the log it stands.
    pub(super) fn explain(&self, failure: Failure, log: &BuildLog, reporter: &dyn Reporter) -> (Error, Option<usize>) {
        let Failure { kind, what, how } = failure;
        let Some(finding) = self.finding(log, reporter) else {
            return (Error::new(kind, format!("{what}: {how}")), None);
        };
        let is_full = finding.line.contains("No space left on device");
        let error = Error::new(if is_full { Kind::DiskFull } else { kind }, format!("{what}: {}", finding.line));
        let error = finding.cause.into_iter().fold(error, Error::caused_by);
        let advice = finding.advice.filter(|advice| !advice.is_empty());
        (advice.into_iter().fold(error, Error::hint), Some(finding.number))
    }

    fn finding(&self, log: &BuildLog, reporter: &dyn Reporter) -> Option<diagnose::Finding> {
        let left = Left { system: self.system, folder: self.folder };
        let read = left.read(log.path(), self.code, self.module.id, self.module.target);
        read.unwrap_or_else(|problem| {
            reporter.warn(format!("the build log cannot be read: {problem}"));
            None
        })
    }

    /// Of a module that was not made although the build ended well: what the log says, else what was made instead.
    pub(super) fn not_made(&self, error: Error, missing: &str, log: &BuildLog, reporter: &dyn Reporter) -> Error {
        let left = Left { system: self.system, folder: self.folder };
        if let Some((cause, lines)) = diagnose::misnamed(missing, &left.modules()) {
            let file = self.source.join(self.module.id.source_folder()).join("dkms.conf");
            let file = file.display();
            return error.caused_by(diagnose::Cause(cause)).hint(format!("set {lines} in {file}"));
        }
        if let Some(finding) = self.finding(log, reporter) {
            let advice = finding.advice.clone().filter(|advice| !advice.is_empty());
            return advice.into_iter().fold(error.caused_by(finding), Error::hint);
        }
        error.hint(
            "look at BUILT_MODULE_NAME and BUILT_MODULE_LOCATION, and whether make was told to build these modules",
        )
    }
}
