//! From typed words to a request: which action, on what, under which policy.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleName, ModuleVersion};
use crate::request::{Kernels, Leaving, Request, Wish};
use crate::step::scope::{Extent, Only, Within};
use crate::step::{InitramfsCare, Inputs, Policy, Switch, TarballContent};
use crate::sys::process;

use super::legacy::Typed;
use super::operand;
use super::{place, targets};
use crate::engine::app::{App, framework_switches};
use crate::engine::archive::Subject;

/// What a command line asks for. The subject keeps an unpacked archive until the work is done.
pub(crate) struct Asked {
    /// The request.
    pub(crate) request: Request,
    /// What its operand stands for, if it has one.
    #[expect(dead_code, reason = "held, so that what it unpacked stays")]
    pub(crate) subject: Option<Subject>,
}

/// Turns an action into a request, with the refusals in the order in which callers know them.
pub(crate) fn build(app: &App, typed: &Typed, action: &str, word: Option<&str>) -> Result<Asked> {
    // Programs of another root run inside it, which only root may do.
    let enters = action == "build" && !app.system.is_live();
    if (needs_root(action) || enters) && !app.system.is_superuser() && !typed.dry_run {
        return Err(Error::new(Kind::NotRoot, format!("{action} needs root")).hint("run the command as root"));
    }
    if !typed.dry_run {
        may_write(app, action)?;
    }
    if makes(action) {
        known_distribution(app)?;
    }
    let mut policy = policy(app, typed, action);
    if let Some(wish) = wish_of_kernel(app, typed, action, word)? {
        return Ok(Asked { request: Request { wish, policy }, subject: None });
    }
    if action == "mktarball" {
        let wish = tarball(app, typed, word)?;
        return Ok(Asked { request: Request { wish, policy }, subject: None });
    }
    if matches!(action, "uninstall" | "unbuild" | "remove") {
        let kernels = targets::or_all(typed, app)?;
        let id = operand::named(typed, word)?;
        let wish = match action {
            "uninstall" => Wish::Uninstall { id, kernels },
            "unbuild" => {
                policy.switches.insert(Switch::DiscardBuild);
                Wish::Unbuild { id, kernels }
            }
            _ => Wish::Remove { id, kernels },
        };
        return Ok(Asked { request: Request { wish, policy }, subject: None });
    }
    making(app, typed, action, word, policy)
}

/// add, build and install, whose operand may be a source.
fn making(app: &App, typed: &Typed, action: &str, word: Option<&str>, policy: Policy) -> Result<Asked> {
    targets::refuse_all(typed, action)?;
    let targets = match action {
        "add" | "ldtarball" => Vec::new(),
        _ => targets::given(typed, app)?,
    };
    let subject = match action {
        "ldtarball" => operand::archived(&app.system, &app.framework, typed, word)?,
        _ => operand::resolve(&app.system, &app.framework, typed, word)?,
    };
    let (id, source) = (subject.id.clone(), subject.source.clone());
    let wish = match action {
        "add" | "ldtarball" => Wish::Add { id, source },
        "build" => Wish::Build { id, source, targets },
        _ => Wish::Install { id, source, targets },
    };
    Ok(Asked { request: Request { wish, policy }, subject: Some(subject) })
}

fn tarball(app: &App, typed: &Typed, word: Option<&str>) -> Result<Wish> {
    let content = match (typed.source_only, typed.binaries_only) {
        (true, true) => {
            return Err(Error::new(Kind::OnlyAndOnly, "--source-only and --binaries-only exclude each other"));
        }
        (true, false) => TarballContent::SourceOnly,
        (false, true) => TarballContent::BinariesOnly,
        (false, false) => TarballContent::Everything,
    };
    // A source does not depend on a kernel.
    let kernels = match content {
        TarballContent::SourceOnly => Kernels::Given(Vec::new()),
        _ => targets::or_all(typed, app)?,
    };
    let id = operand::named(typed, word)?;
    Ok(Wish::MakeTarball { id, kernels, content, file: typed.archive.clone() })
}

/// The actions that are about a kernel and whatever modules there are.
fn wish_of_kernel(app: &App, typed: &Typed, action: &str, word: Option<&str>) -> Result<Option<Wish>> {
    Ok(Some(match action {
        "autoinstall" | "kernel_postinst" => {
            let targets = match action {
                "autoinstall" => targets::single_or_all(typed, app, action)?,
                _ => vec![targets::named(typed, app, action)?],
            };
            app.switched_off().unwrap_or(Wish::Autoinstall { targets })
        }
        "kernel_prerm" => Wish::KernelLeaves { target: targets::named(typed, app, action)?, which: Leaving::Every },
        "kernel_preinst" => {
            Wish::KernelLeaves { target: targets::named(typed, app, action)?, which: Leaving::AutoinstallOnly }
        }
        "match" => like(app, typed, word)?,
        "reconcile" => reconcile(app, typed, word)?,
        _ => return Ok(None),
    }))
}

/// What a person asks for counts, whatever is switched off for events.
fn reconcile(app: &App, typed: &Typed, word: Option<&str>) -> Result<Wish> {
    targets::refuse_all(typed, "reconcile")?;
    let kernels = if typed.kernels.is_empty() { Vec::new() } else { targets::given(typed, app)? };
    let targets = if kernels.is_empty() { app.kernels()? } else { kernels.clone() };
    let modules = match &typed.modules[..] {
        [] | [_] => only(operand::parts(typed, word))?.into_iter().collect(),
        several => several.iter().filter_map(|word| only(operand::split(word)).transpose()).collect::<Result<_>>()?,
    };
    Ok(Wish::Reconcile { targets, extent: Extent::Everything, within: Within { modules, kernels } })
}

/// The module that an action is limited to, if one is named.
fn only(parts: (Option<String>, Option<String>)) -> Result<Option<Only>> {
    let (Some(name), version) = parts else { return Ok(None) };
    Ok(Some(Only { name: ModuleName::new(name)?, version: version.map(ModuleVersion::new).transpose()? }))
}

fn like(app: &App, typed: &Typed, word: Option<&str>) -> Result<Wish> {
    let target = targets::single(typed, app, "match")?;
    let Some(other) = &typed.templatekernel else {
        return Err(Error::new(Kind::TemplateMissing, "match needs the kernel whose modules are wanted")
            .hint("name it with --templatekernel"));
    };
    let template = targets::one(other, typed.arches.first(), &app.system)?;
    if template == target {
        return Err(Error::new(Kind::TemplateIsKernel, format!("{} is its own template", target.kernel)));
    }
    let only = only(operand::parts(typed, word))?;
    Ok(Wish::Match { target, template, only })
}

/// add, build, remove and unbuild need write access to the tree, or to the nearest folder above it that exists.
fn may_write(app: &App, action: &str) -> Result<()> {
    let tree = app.tree.layout().tree();
    match app.may_write() {
        Ok(()) => Ok(()),
        Err(error) => Err(Error::new(Kind::NotRoot, format!("{action} needs write access to {}", tree.display()))
            .caused_by(error)
            .hint(if app.system.is_superuser() { crate::engine::app::READ_ONLY } else { "run the command as root" })),
    }
}

/// The actions that may put something under a kernel, or lead there.
fn makes(action: &str) -> bool {
    matches!(
        action,
        "add" | "build" | "install" | "autoinstall" | "reconcile" | "match" | "kernel_postinst" | "ldtarball"
    )
}

/// Without os-release modules would land where this distribution does not look for them.
fn known_distribution(app: &App) -> Result<()> {
    match app.system.os_release() {
        Some(_) => Ok(()),
        None => Err(Error::new(Kind::NoOsRelease, "there is neither /etc/os-release nor /usr/lib/os-release")
            .hint("it says where this distribution keeps its modules; see os-release(5)")),
    }
}

fn needs_root(action: &str) -> bool {
    matches!(
        action,
        "install"
            | "uninstall"
            | "autoinstall"
            | "reconcile"
            | "match"
            | "kernel_preinst"
            | "kernel_postinst"
            | "kernel_prerm"
    )
}

/// A person decides about the initramfs. What a package's scripts change is seen to at the end of their transaction, and so
/// is what was left over.
fn initramfs_care(action: &str) -> InitramfsCare {
    match action {
        "reconcile" => InitramfsCare::Renew,
        _ if process::transaction().is_some() => InitramfsCare::Note,
        _ => InitramfsCare::Leave,
    }
}

fn policy(app: &App, typed: &Typed, action: &str) -> Policy {
    let given = [
        (typed.force, Switch::Force),
        (typed.force_version_override, Switch::SkipVersionCheck),
        (typed.rpm_safe_upgrade, Switch::RpmSafeUpgrade),
        (typed.no_depmod, Switch::NoDepmod),
        (typed.modprobe_on_install, Switch::ModprobeOnInstall),
        (typed.symlink_modules, Switch::SymlinkModules),
    ];
    let of_root = |file| place::file_of_root(&app.system, file);
    Policy {
        switches: given
            .into_iter()
            .filter(|(given, _)| *given)
            .map(|(_, switch)| switch)
            .chain(framework_switches(&app.framework))
            .collect(),
        jobs: typed.jobs.or(app.framework.parallel_jobs),
        inputs: Inputs {
            conf: absolute(typed.conf.as_ref()),
            kernel_config: typed.kernel_config.as_deref().map(of_root),
            kernel_source_dir: typed.kernelsourcedir.as_deref().map(of_root),
            directives: typed.directives.clone(),
        },
        initramfs: initramfs_care(action),
    }
}

/// Commands of a build run in other folders than ours.
fn absolute(file: Option<&PathBuf>) -> Option<PathBuf> {
    file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::conf::Framework;
    use crate::report::human::{Human, Loudness, Notes};
    use crate::sys::System;

    #[test]
    fn nothing_is_made_in_a_root_of_an_unknown_distribution() {
        let root = tempfile::tempdir().unwrap();
        let code = |line: &str| {
            let system = System::host().with_root(root.path());
            let (framework, _) = Framework::read(&system);
            let app = App::new(system, framework, Human::new(Loudness::Nothing, Notes::Stdout));
            let typed = Typed::try_parse_from(line.split_whitespace()).unwrap();
            let words = typed.split_words().unwrap();
            let asked = build(&app, &typed, words.action.unwrap(), words.operand.as_deref());
            asked.err().map_or(0, |error| error.kind().code())
        };
        for (line, expected) in [("add foo/1 --dry-run", 4), ("remove foo/1 --all --dry-run", 0)] {
            assert_eq!(code(line), expected, "{line}");
        }
        fs_err::create_dir(root.path().join("etc")).unwrap();
        fs_err::write(root.path().join("etc/os-release"), "ID=debian\n").unwrap();
        assert_eq!(code("add foo/1 --dry-run"), 0);
    }
}
