//! Whether what is built may go under the kernel: it is what the build left, a module that this kernel loads, and signed
//! where the kernel insists on that.

use std::path::Path;

use crate::conf::ModuleConf;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::kernel::acceptance::{self, Age, Demands};
use crate::kernel::modinfo::read_module;
use crate::kernel::{Kernel, KernelConfig, ModInfo, Suffix, enforcement, installed};
use crate::step::Switch;
use crate::sys::fingerprint;
use crate::tree::installed::Installed;
use crate::tree::records;

use super::{Job, unpacks};

/// Whether the build is as it was left, or `--force` takes it as it is. One without a note of that is not known to be
/// otherwise.
///
/// # Errors
///
/// [`Kind::BuiltChanged`].
pub(super) fn untouched(job: &Job<'_>) -> Result<State> {
    let state = state(job);
    if state != State::Changed || job.switches().contains(&Switch::Force) {
        return Ok(state);
    }
    Err(changed(job, &job.context.tree.layout().built_modules(job.id, job.target)))
}

/// What is known of the build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    AsItWasBuilt,
    Changed,
    /// Nobody noted what it was.
    Unknown,
}

fn state(job: &Job<'_>) -> State {
    let layout = job.context.tree.layout();
    let Some(noted) = records::fingerprint(layout, job.id, job.target).and_then(|noted| noted.digest) else {
        return State::Unknown;
    };
    let now = fingerprint::of_folder(&layout.built_modules(job.id, job.target));
    if now.is_ok_and(|now| now == noted) { State::AsItWasBuilt } else { State::Changed }
}

/// Looks at the built files that are to be installed, of a build that is [`untouched`]. No option passes over it: what the
/// kernel would not load must not replace what it loads.
///
/// # Errors
///
/// [`Kind::BuiltChanged`]; [`Kind::NotSigned`].
pub(super) fn check(job: &Job<'_>, conf: &ModuleConf, chosen: &Installed, state: State) -> Result<()> {
    let layout = job.context.tree.layout();
    let folder = layout.built_modules(job.id, job.target);
    let kernel = installed::kernel(layout, job.target, job.context.policy.inputs.kernel_source_dir.as_deref());
    let config = kernel.config(None).ok().flatten().unwrap_or_default();
    if state != State::AsItWasBuilt {
        let demands = Demands::of(&kernel, &config, (job.context.tree, &conf.build_depends), Age::Found);
        foreign(job, chosen, &folder, &demands)?;
    }
    unpacked(job, chosen, &kernel, &config)?;
    signed(job, chosen, &folder, &config)
}

fn unpacked(job: &Job<'_>, chosen: &Installed, kernel: &Kernel, config: &KernelConfig) -> Result<()> {
    for name in chosen.files.iter().filter_map(|file| file.place.file_name()) {
        let Some((_, suffix)) = Suffix::split(&name.to_string_lossy()) else { continue };
        if let Some(why) = unpacks::refusal(job.context, suffix, kernel, config) {
            return Err(built_changed(job, &format!("{} of {}", name.to_string_lossy(), job.id), &why));
        }
    }
    Ok(())
}

fn changed(job: &Job<'_>, folder: &Path) -> Error {
    built_changed(job, &job.id.to_string(), &format!("{} was changed since it was built", folder.display()))
}

fn built_changed(job: &Job<'_>, what: &str, why: &str) -> Error {
    Error::new(Kind::BuiltChanged, format!("{what} was not installed for {}: {why}", job.target))
        .hint(format!("`dkms build --force {} -k {}` builds it again", job.id, job.target.kernel))
}

/// What another DKMS built, or somebody else: nobody looked at it yet.
fn foreign(job: &Job<'_>, chosen: &Installed, folder: &Path, demands: &Demands<'_>) -> Result<()> {
    for file in &chosen.files {
        let name = file.place.file_name().unwrap_or_default();
        let refuse = |why: String| built_changed(job, &format!("{} of {}", name.to_string_lossy(), job.id), &why);
        let content = read_module(&folder.join(name)).map_err(|error| refuse(error.to_string()))?;
        acceptance::check(&content, demands).map_err(|unfit| refuse(unfit.to_string()))?;
    }
    Ok(())
}

fn signed(job: &Job<'_>, chosen: &Installed, folder: &Path, config: &KernelConfig) -> Result<()> {
    let Some(reason) = enforcement::reason(job.context.system, job.target, config) else { return Ok(()) };
    let has_none = |name: &std::ffi::OsStr| {
        let content = read_module(&folder.join(name)).unwrap_or_default();
        ModInfo::parse(&content).is_ok_and(|info| info.signature.is_none())
    };
    let bare = chosen.files.iter().filter_map(|file| file.place.file_name()).find(|name| has_none(name));
    let Some(name) = bare else { return Ok(()) };
    let layout = job.context.tree.layout();
    let why = records::fingerprint(layout, job.id, job.target).and_then(|noted| noted.unsigned);
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    let text = format!(
        "{} of {} was not installed for {}: it is not signed{why}, and this kernel loads signed modules only: {reason}",
        name.to_string_lossy(),
        job.id,
        job.target
    );
    let hint = "mend what keeps it from being signed, then run `dkms autoinstall`, which signs and installs it";
    Err(Error::new(Kind::NotSigned, text).hint(hint))
}
