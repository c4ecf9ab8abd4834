//! A system extension (systemd-sysext(8)) with the modules of a kernel, for systems whose /usr cannot be written.
//!
//! A process of its own sees the kernel's folder as if it could be written, and a tree that is thrown away ([`inside`]). There
//! modules are built and installed as ever; what that has changed below the kernel's folder, lists of depmod included, is what
//! the extension holds. Nothing else of the system changes.

mod copy;
pub(crate) mod inside;
mod output;

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::archive::output::Existing;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{Arch, ModuleId, ModuleName, ModuleVersion, Target};
use crate::report::Reporter;
use crate::sys::os_release::OsRelease;
use crate::sys::scratch;

use super::app::App;
use super::ourselves::{self, Ground};
use output::{Output, RELEASES};

/// The hidden action that does the work; its one word is the folder with the job.
pub(crate) const INSIDE: &str = "mksysext-inside";

/// What is wanted.
pub(crate) struct Asked {
    pub(crate) target: Target,
    /// None: the newest version of every AUTOINSTALL module.
    pub(crate) module: Option<ModuleId>,
    /// A folder to be made, or an image whose name ends with `.raw`.
    pub(crate) output: Option<PathBuf>,
    pub(crate) jobs: Option<usize>,
    pub(crate) existing: Existing,
}

/// What was made.
pub(crate) struct Made {
    pub(crate) output: PathBuf,
    pub(crate) modules: Vec<ModuleId>,
}

/// What the process that does the work is told, in `job.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) ground: Ground,
    target: Target,
    module: Option<ModuleId>,
    jobs: Option<usize>,
}

/// The parts of the throw-away folder.
struct Places(PathBuf);

impl Places {
    fn job(&self) -> PathBuf {
        self.0.join("job.json")
    }

    /// The modules that the extension holds, when it is complete.
    fn found(&self) -> PathBuf {
        self.0.join("found.json")
    }

    /// `NAME/VERSION/make.log` of what failed.
    fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    fn extension(&self) -> PathBuf {
        self.0.join("extension")
    }
}

/// Makes the extension.
///
/// # Errors
///
/// A module could not be built or installed; the kernel's folder is not below /usr; the output cannot be written.
pub(crate) fn make(app: &App, asked: &Asked) -> Result<Made> {
    let failed = |error| Error::io("the extension cannot be made", error);
    let place = asked.output.clone().unwrap_or_else(|| format!("dkms-{}", asked.target.kernel).into());
    let output = Output::at(&place, asked.existing, &app.system)?;
    kernel_is_there(app, &asked.target)?;
    let folder = scratch::make(&ourselves::place(app)).map_err(failed)?;
    let places = Places(folder.path().to_path_buf());
    let job =
        Job { ground: Ground::of(app), target: asked.target.clone(), module: asked.module.clone(), jobs: asked.jobs };
    ourselves::leave(&places.job(), &job).map_err(failed)?;
    let modules = have_it_done(app, &asked.target, folder.path(), &places)?;
    let release = places.extension().join(RELEASES);
    fs::create_dir_all(&release).map_err(failed)?;
    let nameless = OsRelease::default();
    let text = extension_release(app.system.os_release().unwrap_or(&nameless), &asked.target.arch);
    fs::write(release.join(format!("extension-release.{}", output.name)), text).map_err(failed)?;
    output.put(&places.extension(), &app.system)?;
    Ok(Made { output: place, modules })
}

fn kernel_is_there(app: &App, target: &Target) -> Result<()> {
    let folder = app.tree.layout().kernel_modules(target);
    if folder.is_dir() {
        return Ok(());
    }
    let text = format!("no such kernel is installed, {} does not exist", app.system.inside(&folder).display());
    let all = folder.parent().unwrap_or(&folder);
    Err(Error::new(Kind::HeadersMissing, text).hint(format!("`ls {}` lists those that are", all.display())))
}

/// For which systems it is (os-release(5), extension-release).
fn extension_release(os: &OsRelease, arch: &Arch) -> String {
    let mut text = format!("ID={}\n", if os.id.is_empty() { "_any" } else { &os.id });
    if !os.version_id.is_empty() {
        text.push_str(&format!("VERSION_ID={}\n", os.version_id));
    }
    if let Some(name) = systemd_name(arch.as_str()) {
        text.push_str(&format!("ARCHITECTURE={name}\n"));
    }
    text
}

/// What systemd calls an architecture (systemd.unit(5), ConditionArchitecture=), where it is another word than the kernel's.
fn systemd_name(arch: &str) -> Option<&str> {
    match arch {
        "x86_64" => Some("x86-64"),
        "aarch64" => Some("arm64"),
        "ppc64le" => Some("ppc64-le"),
        "s390x" | "riscv64" | "loongarch64" => Some(arch),
        "i386" | "i486" | "i586" | "i686" => Some("x86"),
        _ => None,
    }
}

/// Runs ourselves once more, as the process whose mounts nobody else sees, and gives the modules that it installed.
fn have_it_done(app: &App, target: &Target, folder: &Path, places: &Places) -> Result<Vec<ModuleId>> {
    let finished = ourselves::run(&app.system, INSIDE, folder)?;
    if !finished.success() {
        // It has said why.
        keep_logs(app, target, places);
        let text = "no extension was made, as told above";
        return Err(Error::new(Kind::Script(finished.shell_code()), text));
    }
    ourselves::answer(&places.found(), &finished)
}

/// The logs of builds that failed go into the tree, and are told.
fn keep_logs(app: &App, target: &Target, places: &Places) {
    let logs =
        below(&places.logs()).into_iter().flat_map(|module| below(&module)).map(|version| version.join("make.log"));
    for log in logs.filter(|log| log.is_file()) {
        let Some(id) = module_of(&log) else { continue };
        let kept = app.lock().and_then(|lock| {
            let kept = lock.writer().keep_foreign_log(&id, target, &log);
            kept.map_err(|error| Error::io("the DKMS tree cannot be written", error))
        });
        match kept {
            Ok(place) => app.reporter.note(format!("the whole log of {id} is {}", app.system.inside(&place).display())),
            Err(error) => app.reporter.warn(format!("the log of {id} could not be kept: {}", error.in_one_line())),
        }
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// That of `NAME/VERSION/make.log`.
fn module_of(log: &Path) -> Option<ModuleId> {
    let version = log.parent()?;
    let name = version.parent()?.file_name()?.to_str()?;
    Some(ModuleId::new(ModuleName::new(name).ok()?, ModuleVersion::new(version.file_name()?.to_str()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_for_this_release_and_architecture() {
        let os = OsRelease { id: "debian".into(), version_id: "12".into(), ..OsRelease::default() };
        let of = |os: &OsRelease, arch| extension_release(os, &Arch::new(arch).unwrap());
        assert_eq!(of(&os, "x86_64"), "ID=debian\nVERSION_ID=12\nARCHITECTURE=x86-64\n");
        assert_eq!(of(&OsRelease { version_id: String::new(), ..os }, "aarch64"), "ID=debian\nARCHITECTURE=arm64\n");
        assert_eq!(of(&OsRelease::default(), "m68k"), "ID=_any\n");
    }
}
