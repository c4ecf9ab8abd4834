//! Putting built modules under a kernel, so that a working module is never gone before the new one is in place.
//!
//! Everything is staged in the destination folders first; then each file appears by one rename. A note of what goes where
//! ([`crate::tree::installed`]) and an intent are durable before the first rename, so an interrupted install is completed
//! by doing it again.

mod acceptance;
mod candidates;
mod close;
mod condition;
mod depmod;
pub(crate) mod destination;
pub(crate) mod facts;
mod files;
mod force_list;
mod modprobe;
mod place;
mod rivals;
mod selinux;
mod take_back;
mod taking_out;
mod uninstall;
mod unpacks;
pub(crate) mod version_check;
mod weak_modules;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use close::close;
pub(crate) use condition::{check_files, file_faults, places};
pub(crate) use depmod::remove_lists_of_gone;
pub(crate) use destination::common as common_folder;
pub(crate) use uninstall::uninstall;

use crate::action::hook::{self, Hook, HookEnd};
use crate::action::{Attempt, Context, module_conf};
use crate::conf::ModuleConf;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleVersion, Target};
use crate::step::{StepId, Switch};
use crate::sys::System;
use crate::tree::installed::Installed;
use crate::tree::intent::{self, Doing, Intent};

/// A change of a kernel's modules that waits for depmod; its intent stays noted until then.
#[derive(Debug)]
pub(crate) struct Change {
    /// The step that made it.
    pub(crate) step: StepId,
    pub(crate) intent: Intent,
    /// The version that was active before an install.
    replaced: Option<ModuleVersion>,
}

/// One module version on one kernel, with what every part of an install or uninstall has at hand.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) id: &'a ModuleId,
    pub(crate) target: &'a Target,
}

/// Installs the finished build of this module for this kernel. Files of another version or an older build are replaced.
///
/// # Errors
///
/// [`Kind::KernelMissing`], [`Kind::BuiltMissing`], [`Kind::BadConf`], [`Kind::PreInstallFailed`],
/// [`Kind::NothingInstalled`]; files that cannot be written, after which everything is as before, or waits for the next run
/// where an older build of the same version is to be replaced.
pub(crate) fn install(
    context: &Context<'_>,
    step: StepId,
    id: &ModuleId,
    target: &Target,
    attempt: Attempt,
) -> Result<Change> {
    let job = Job { context, id, target };
    let replaced = job.replaced(attempt);
    let (conf, installed) = match chosen(&job, attempt, replaced.as_ref()) {
        Ok(chosen) => chosen,
        Err(error) => {
            // Nothing of it is under the kernel, and nothing is to come.
            if attempt == Attempt::Again {
                job.end(&job.intent(Doing::Install))?;
            }
            return Err(error);
        }
    };
    let repeats = replaced.as_ref() == Some(&id.version);
    let intent = job.begin(Intent { repeats, ..job.intent(Doing::Install) })?;
    if let Err(error) = place::put(&job, &installed, replaced.as_ref()) {
        if repeats {
            // The build before this one is no more: what lies there serves until the next run completes this.
            return Err(error.hint("what is installed stays; the next dkms puts the new build in its place"));
        }
        return Err(match take_back::undo(&job, replaced.as_ref()).and_then(|()| job.end(&intent)) {
            Ok(()) => error,
            Err(undoing) => error.hint(format!("the next dkms puts it right: {}", undoing.in_one_line())),
        });
    }
    if let Some(conf) = conf {
        after_install(&job, &conf, &installed);
    }
    Ok(Change { step, intent, replaced })
}

/// dkms.conf and what is to be put where. What an earlier run has begun needs no dkms.conf any more: its source may have
/// gone since.
fn chosen(job: &Job<'_>, attempt: Attempt, active: Option<&ModuleVersion>) -> Result<(Option<ModuleConf>, Installed)> {
    job.check_places()?;
    let loaded = module_conf::load(job.context, job.id, job.target).map(|loaded| loaded.conf);
    if let Some(installed) = job.interrupted(attempt) {
        return Ok((loaded.ok(), installed));
    }
    let conf = loaded?;
    if attempt == Attempt::First {
        job.before_install(&conf, active)?;
        // The script may have changed what we rely on.
        job.check_places()?;
    }
    // Before versions are compared: a file that was cut has none.
    let state = acceptance::untouched(job)?;
    let installed = candidates::choose(job, &conf)?;
    acceptance::check(job, &conf, &installed, state)?;
    Ok((Some(conf), installed))
}

fn after_install(job: &Job<'_>, conf: &ModuleConf, installed: &Installed) {
    let layout = job.context.tree.layout();
    let places: Vec<PathBuf> = installed.files.iter().map(|file| file.place.clone()).collect();
    if !conf.no_weak_modules {
        weak_modules::tell(job.context, &job.target.kernel, weak_modules::Change::Added, &places);
    }
    for place in &places {
        job.context.reporter.detail(format!("installed {}", layout.opened(place).display()));
    }
    if let Some(command) = &conf.scripts.post_install {
        job.run_lenient(Hook::PostInstall, Some(job.target), command);
    }
}

impl Job<'_> {
    /// The version of this module that is active on the kernel.
    fn active(&self) -> Option<ModuleVersion> {
        self.context.tree.active(&self.id.name, self.target)
    }

    /// Where its files lie under the kernel, as noted; without the root.
    fn places(&self) -> Vec<PathBuf> {
        let noted = self.context.tree.installed(&self.id.name, self.target);
        let files = noted.filter(|noted| noted.version == self.id.version).map(|noted| noted.files).unwrap_or_default();
        files.into_iter().map(|file| file.place).collect()
    }

    /// Whether another version is active whose source has gone: a package that went back to an older one took it along,
    /// and a greater version is no reason to keep it.
    fn replaces_one_without_source(&self) -> bool {
        let other = self.active().filter(|version| *version != self.id.version);
        let source = |version| self.context.tree.layout().source_link(&ModuleId::new(self.id.name.clone(), version));
        other.is_some_and(|version| !source(version).join("dkms.conf").exists())
    }

    fn check_places(&self) -> Result<()> {
        let layout = self.context.tree.layout();
        let kernel = layout.kernel_modules(self.target);
        if !kernel.is_dir() {
            let message =
                format!("cannot install {}: the kernel's folder {} does not exist", self.id, kernel.display());
            return Err(Error::new(Kind::KernelMissing, message)
                .hint(format!("install the package of the kernel {} first", self.target.kernel)));
        }
        let built = layout.built_modules(self.id, self.target);
        if !built.is_dir() {
            let message = format!("cannot install {}: it is not built for {}", self.id, self.target);
            return Err(Error::new(Kind::BuiltMissing, message)
                .hint(format!("run `dkms build {} -k {}` first", self.id, self.target.kernel)));
        }
        Ok(())
    }

    /// POST_REMOVE of the install that `--force` repeats, then PRE_INSTALL.
    fn before_install(&self, conf: &ModuleConf, active: Option<&ModuleVersion>) -> Result<()> {
        let is_repeated = active == Some(&self.id.version) && self.context.policy.has(Switch::Force);
        if let Some(command) = conf.scripts.post_remove.as_ref().filter(|_| is_repeated) {
            self.run_lenient(Hook::PostRemove, None, command);
        }
        let Some(command) = &conf.scripts.pre_install else { return Ok(()) };
        let source = module_conf::source(self.context, self.id)?;
        let end = hook::run(self.context, Hook::PreInstall, self.id, Some(self.target), command, &source)?;
        match end {
            HookEnd::Done => Ok(()),
            HookEnd::Failed(code) if self.is_forced() => {
                let warning =
                    format!("the PRE_INSTALL script of {} ended with code {code}; installing anyway", self.id);
                self.context.reporter.warn(warning);
                Ok(())
            }
            HookEnd::Failed(code) => Err(Error::new(
                Kind::PreInstallFailed,
                format!(
                    "{} was not installed for {}: its PRE_INSTALL script ended with code {code}",
                    self.id, self.target
                ),
            )
            .hint("`--force` installs it nevertheless")),
        }
    }

    fn is_forced(&self) -> bool {
        let switches = self.switches();
        switches.contains(&Switch::Force) || switches.contains(&Switch::RpmSafeUpgrade)
    }

    /// Those of the command line and those that lists of other packages turn on for this module.
    fn switches(&self) -> BTreeSet<Switch> {
        let listed = force_list::switches(self.context.system, &self.id.name);
        self.context.policy.switches.union(&listed).copied().collect()
    }

    /// What an interrupted install of this version was about to put where.
    fn interrupted(&self, attempt: Attempt) -> Option<Installed> {
        let noted = || self.context.tree.installed(&self.id.name, self.target);
        let noted = (attempt == Attempt::Again).then(noted).flatten();
        noted.filter(|noted| noted.version == self.id.version && self.is_built(noted))
    }

    /// Whether the build has all that is noted: a note may be about the build before.
    fn is_built(&self, noted: &Installed) -> bool {
        let built = self.context.tree.layout().built_modules(self.id, self.target);
        noted.files.iter().all(|file| file.place.file_name().is_some_and(|name| built.join(name).exists()))
    }

    /// The version that was active before this install was begun.
    fn replaced(&self, attempt: Attempt) -> Option<ModuleVersion> {
        if attempt == Attempt::First {
            return self.active();
        }
        if self.left_over().is_some_and(|begun| begun.repeats) {
            return Some(self.id.version.clone());
        }
        let noted = self.interrupted(attempt).and_then(|noted| noted.before);
        // The interrupted install itself may have made this version the active one.
        let other = || self.active().filter(|version| *version != self.id.version);
        noted.map(|before| before.version).or_else(other)
    }

    /// What a dead run had begun here.
    fn left_over(&self) -> Option<Intent> {
        let notes = intent::left_over(self.context.tree.layout()).ok()?;
        notes.into_iter().find(|note| note.id == *self.id && note.target == *self.target)
    }

    /// Notes that a change begins. It takes the place of an earlier one in the same run, which is complete but for depmod.
    fn begin(&self, intent: Intent) -> Result<Intent> {
        let begun = self.context.lock.writer().begin(&intent);
        begun.map_err(|error| Error::io(format!("cannot note the change of {}", self.id), error))?;
        Ok(intent)
    }

    fn intent(&self, doing: Doing) -> Intent {
        Intent::new(doing, self.id, self.target)
    }

    fn end(&self, intent: &Intent) -> Result<()> {
        let ended = self.context.lock.writer().end(intent);
        ended.map_err(|error| Error::io(format!("cannot end the note of the change of {}", self.id), error))
    }

    /// Runs a script of the source whose failure does not matter: it is told as a warning.
    fn run_lenient(&self, hook: Hook, target: Option<&Target>, command: &str) {
        match module_conf::source(self.context, self.id) {
            Ok(source) => self.run_lenient_in(&source, hook, target, command),
            Err(error) => self.context.reporter.warn(error.to_string()),
        }
    }

    /// The same for one that lies in this folder.
    fn run_lenient_in(&self, folder: &Path, hook: Hook, target: Option<&Target>, command: &str) {
        let ended = hook::run(self.context, hook, self.id, target, command, folder)
            .and_then(|end| end.into_result(hook, self.id));
        if let Err(error) = ended {
            self.context.reporter.warn(error.to_string());
        }
    }
}

/// A switch of the command line or its setting in framework.conf.
fn is_on(context: &Context<'_>, switch: Switch, setting: &str) -> bool {
    context.policy.has(switch) || context.framework.switches.get(setting).copied().unwrap_or(false)
}

/// A program of the administrator's; their PATH may lack the sbin folders.
fn program(system: &System, name: &str) -> PathBuf {
    let sbin =
        || ["/usr/sbin", "/sbin"].iter().map(|folder| PathBuf::from(folder).join(name)).find(|file| file.exists());
    system.find_program(name).or_else(sbin).unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests;
