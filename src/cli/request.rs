//! From typed words to a request: which action, on what, under which policy.

use std::path::PathBuf;

use crate::conf;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::near::nearest;
use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};
use crate::report::Reporter;
use crate::request::{Kernels, Leaving, Request, Wish};
use crate::step::scope::{Extent, Only, Within};
use crate::step::{AddSource, InitramfsCare, Inputs, Policy, Switch, TarballContent};
use crate::sys::process;

use super::known::Among;
use super::legacy::Typed;
use super::operand;
use super::{place, targets};
use crate::engine::app::{App, framework_switches};
use crate::engine::archive::Subject;

/// How a verb becomes a request.
pub(crate) struct Asks {
    needs: Needs,
    leads: Leads,
    wish: fn(&Line) -> Result<Wanted>,
}

/// Which rights it needs on a live system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Root,
    /// To write in the tree.
    Tree,
    /// To write in the tree; root's for another root, whose programs run inside it.
    Chroot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    /// Something may come under a kernel; a package may stand where a source could.
    FromSource,
    /// Something may come under a kernel.
    ToKernel,
    /// Nothing is added to a kernel.
    Away,
}

const fn asks(needs: Needs, leads: Leads, wish: fn(&Line) -> Result<Wanted>) -> Asks {
    Asks { needs, leads, wish }
}

pub(crate) const ADD: Asks = asks(Needs::Tree, Leads::FromSource, add);
pub(crate) const BUILD: Asks = asks(Needs::Chroot, Leads::FromSource, build);
pub(crate) const INSTALL: Asks = asks(Needs::Root, Leads::FromSource, install);
pub(crate) const LDTARBALL: Asks = asks(Needs::Tree, Leads::FromSource, load);
pub(crate) const UNINSTALL: Asks =
    asks(Needs::Root, Leads::Away, |line| unmake(line, |id, kernels| Wish::Uninstall { id, kernels }));
pub(crate) const UNBUILD: Asks =
    asks(Needs::Tree, Leads::Away, |line| unmake(line, |id, kernels| Wish::Unbuild { id, kernels }));
pub(crate) const REMOVE: Asks =
    asks(Needs::Tree, Leads::Away, |line| unmake(line, |id, kernels| Wish::Remove { id, kernels }));
pub(crate) const MKTARBALL: Asks = asks(Needs::Tree, Leads::Away, tarball);
pub(crate) const MATCH: Asks = asks(Needs::Root, Leads::ToKernel, like);
pub(crate) const RECONCILE: Asks = asks(Needs::Root, Leads::ToKernel, reconcile);
pub(crate) const AUTOINSTALL: Asks = asks(Needs::Root, Leads::ToKernel, |line| {
    let targets = targets::single_or_all(line.typed, line.app, line.verb)?;
    Ok(line.app.switched_off().unwrap_or(Wish::Autoinstall { targets }).into())
});
pub(crate) const KERNEL_POSTINST: Asks = asks(Needs::Root, Leads::ToKernel, |line| {
    let targets = vec![targets::named(line.typed, line.app, line.verb)?];
    Ok(line.app.switched_off().unwrap_or(Wish::Autoinstall { targets }).into())
});
pub(crate) const KERNEL_PRERM: Asks = asks(Needs::Root, Leads::Away, |line| leaves(line, Leaving::Every));
pub(crate) const KERNEL_PREINST: Asks = asks(Needs::Root, Leads::Away, |line| leaves(line, Leaving::AutoinstallOnly));

/// What was typed, for whom, in which place.
pub(crate) struct Line<'a> {
    pub(crate) app: &'a App,
    pub(crate) verb: &'static str,
    pub(crate) typed: &'a Typed,
}

impl Line<'_> {
    fn operand(&self) -> Option<&str> {
        self.typed.operand()
    }
}

/// A wish, and what its operand stands for.
struct Wanted {
    wish: Wish,
    subject: Option<Subject>,
}

impl From<Wish> for Wanted {
    fn from(wish: Wish) -> Self {
        Wanted { wish, subject: None }
    }
}

/// What a command line asks for. The subject keeps an unpacked archive until the work is done.
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// What its operand stands for, if it has one.
    #[expect(dead_code, reason = "held, so that what it unpacked stays")]
    pub(crate) subject: Option<Subject>,
}

impl Asks {
    /// Turns what was typed into a request, with the refusals in the order in which callers know them.
    pub(crate) fn request(&self, line: &Line) -> Result<Asked> {
        let Line { app, verb, typed } = *line;
        let needs_root = match self.needs {
            Needs::Root => true,
            Needs::Tree => false,
            Needs::Chroot => !app.system.is_live(),
        };
        if needs_root && !app.system.is_superuser() && !typed.dry_run {
            return Err(Error::new(Kind::NotRoot, format!("{verb} needs root")).hint("run the command as root"));
        }
        if !typed.dry_run {
            may_write(app, verb)?;
        }
        if self.leads != Leads::Away {
            known_distribution(app)?;
        }
        directives(app, &typed.directives)?;
        let Wanted { wish, subject } = (self.wish)(line)?;
        let policy = policy(app, typed, &wish);
        Ok(Asked { request: Request { wish, policy }, subject })
    }

    /// The RPM package that stands where a source could, if one does.
    pub(crate) fn rpm_operand(&self, typed: &Typed) -> Option<PathBuf> {
        if self.leads != Leads::FromSource {
            return None;
        }
        let file = typed.archive.clone().or_else(|| typed.operand().map(PathBuf::from))?;
        (file.extension().is_some_and(|suffix| suffix == "rpm") && file.is_file()).then_some(file)
    }
}

fn add(line: &Line) -> Result<Wanted> {
    targets::refuse_all(line.typed, line.verb)?;
    of(operand::resolve(line.app, line.typed, line.operand())?, |id, source| Wish::Add { id, source })
}

fn load(line: &Line) -> Result<Wanted> {
    targets::refuse_all(line.typed, line.verb)?;
    of(operand::archived(line.app, line.typed, line.operand())?, |id, source| Wish::Add { id, source })
}

fn build(line: &Line) -> Result<Wanted> {
    let (targets, subject) = for_kernels(line)?;
    of(subject, |id, source| Wish::Build { id, source, targets })
}

fn install(line: &Line) -> Result<Wanted> {
    let (targets, subject) = for_kernels(line)?;
    of(subject, |id, source| Wish::Install { id, source, targets })
}

fn for_kernels(line: &Line) -> Result<(Vec<Target>, Subject)> {
    targets::refuse_all(line.typed, line.verb)?;
    let targets = targets::possible(targets::given(line.typed, line.app)?, line.app)?;
    Ok((targets, operand::resolve(line.app, line.typed, line.operand())?))
}

fn of(subject: Subject, wish: impl FnOnce(ModuleId, AddSource) -> Wish) -> Result<Wanted> {
    let wish = wish(subject.id.clone(), subject.source.clone());
    Ok(Wanted { wish, subject: Some(subject) })
}

fn unmake(line: &Line, wish: impl FnOnce(ModuleId, Kernels) -> Wish) -> Result<Wanted> {
    let kernels = targets::or_all(line.typed, line.app)?;
    Ok(wish(operand::named(line.app, line.typed, line.operand(), Among::Registered)?, kernels).into())
}

fn leaves(line: &Line, which: Leaving) -> Result<Wanted> {
    Ok(Wish::KernelLeaves { target: targets::named(line.typed, line.app, line.verb)?, which }.into())
}

fn tarball(line: &Line) -> Result<Wanted> {
    let typed = line.typed;
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
        _ => targets::or_all(typed, line.app)?,
    };
    let id = operand::named(line.app, typed, line.operand(), Among::Registered)?;
    Ok(Wish::MakeTarball { id, kernels, content, file: typed.archive.clone() }.into())
}

/// What a person asks for counts, whatever is switched off for events.
fn reconcile(line: &Line) -> Result<Wanted> {
    targets::refuse_all(line.typed, line.verb)?;
    Ok(reconciliation(line.app, within(line.app, line.typed)?)?.into())
}

/// Whatever these modules and kernels need.
pub(crate) fn reconciliation(app: &App, within: Within) -> Result<Wish> {
    let targets = if within.kernels.is_empty() { app.kernels()? } else { within.kernels.clone() };
    Ok(Wish::Reconcile { targets, extent: Extent::Everything, within })
}

/// The modules and kernels that a verb about all of them is limited to.
pub(crate) fn within(app: &App, typed: &Typed) -> Result<Within> {
    let kernels = if typed.kernels.is_empty() { Vec::new() } else { targets::given(typed, app)? };
    let modules = match &typed.modules[..] {
        [] | [_] => only(operand::parts(typed, typed.operand()))?.into_iter().collect(),
        several => several.iter().filter_map(|word| only(operand::split(word)).transpose()).collect::<Result<_>>()?,
    };
    Ok(Within { modules, kernels })
}

/// The module that an action is limited to, if one is named.
fn only(parts: (Option<String>, Option<String>)) -> Result<Option<Only>> {
    let (Some(name), version) = parts else { return Ok(None) };
    Ok(Some(Only { name: ModuleName::new(name)?, version: version.map(ModuleVersion::new).transpose()? }))
}

fn like(line: &Line) -> Result<Wanted> {
    let typed = line.typed;
    let target = targets::single(typed, line.app, line.verb)?;
    let Some(other) = &typed.templatekernel else {
        return Err(Error::new(Kind::TemplateMissing, "match needs the kernel whose modules are wanted")
            .hint("name it with --templatekernel"));
    };
    let template = targets::one(other, typed.arches.first(), &line.app.system)?;
    if template == target {
        return Err(Error::new(Kind::TemplateIsKernel, format!("{} is its own template", target.kernel)).hint(
            "name with --templatekernel the kernel that has the modules, and with -k the one that is to get them",
        ));
    }
    let only = only(operand::parts(typed, line.operand()))?;
    Ok(Wish::Match { target, template, only }.into())
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

/// A directive that sets nothing would change nothing, and nobody would notice.
pub(super) fn directives(app: &App, given: &[String]) -> Result<()> {
    for word in given {
        let Some((name, _)) = word.split_once('=') else {
            let text = format!("--directive needs NAME=VALUE, and `{word}` has no =");
            return Err(Error::new(Kind::BadOption, text).hint(format!("`--directive '{word}=VALUE'`")));
        };
        if !conf::directive::is_known(name) {
            let near = nearest(name, &conf::directive::NAMES).map(|near| format!("; did you mean {near}?"));
            let text = format!("--directive {word} changes nothing: dkms.conf has no directive {name}");
            app.reporter.warn(text + &near.unwrap_or_default());
        }
    }
    Ok(())
}

/// Without os-release modules would land where this distribution does not look for them.
fn known_distribution(app: &App) -> Result<()> {
    match app.system.os_release() {
        Some(_) => Ok(()),
        None => Err(Error::new(Kind::NoOsRelease, "there is neither /etc/os-release nor /usr/lib/os-release")
            .hint("it says where this distribution keeps its modules; see os-release(5)")),
    }
}

/// A person decides about the initramfs. What a package's scripts change is seen to at the end of their transaction, and so
/// is what was left over.
fn initramfs_care(wish: &Wish) -> InitramfsCare {
    match wish {
        Wish::Reconcile { .. } => InitramfsCare::Renew,
        _ if process::transaction().is_some() => InitramfsCare::Note,
        _ => InitramfsCare::Leave,
    }
}

fn policy(app: &App, typed: &Typed, wish: &Wish) -> Policy {
    let given = [
        (typed.force, Switch::Force),
        (typed.force_version_override, Switch::SkipVersionCheck),
        (typed.rpm_safe_upgrade, Switch::RpmSafeUpgrade),
        (typed.no_depmod, Switch::NoDepmod),
        (typed.modprobe_on_install, Switch::ModprobeOnInstall),
        (typed.symlink_modules, Switch::SymlinkModules),
        (matches!(wish, Wish::Unbuild { .. }), Switch::DiscardBuild),
    ];
    Policy {
        switches: given
            .into_iter()
            .filter(|(given, _)| *given)
            .map(|(_, switch)| switch)
            .chain(framework_switches(&app.framework))
            .collect(),
        jobs: typed.jobs.or(app.framework.parallel_jobs),
        inputs: inputs(app, typed),
        initramfs: initramfs_care(wish),
    }
}

pub(super) fn inputs(app: &App, typed: &Typed) -> Inputs {
    let of_root = |file| place::file_of_root(&app.system, file);
    Inputs {
        conf: absolute(typed.conf.as_ref()),
        kernel_config: typed.kernel_config.as_deref().map(of_root),
        kernel_source_dir: typed.kernelsourcedir.as_deref().map(of_root),
        directives: typed.directives.clone(),
    }
}

/// Commands of a build run in other folders than ours.
fn absolute(file: Option<&PathBuf>) -> Option<PathBuf> {
    file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::verb::Run;
    use crate::cli::words;
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
            let (verb, typed) = words::sample(line);
            let Run::Request(asks) = &verb.run else { panic!("{line}") };
            asks.request(&Line { app: &app, verb: verb.name, typed: &typed })
                .err()
                .map_or(0, |error| error.kind().code())
        };
        for (line, expected) in [("add foo/1 --dry-run", 4), ("remove foo/1 --all --dry-run", 0)] {
            assert_eq!(code(line), expected, "{line}");
        }
        fs_err::create_dir(root.path().join("etc")).unwrap();
        fs_err::write(root.path().join("etc/os-release"), "ID=debian\n").unwrap();
        let source = root.path().join("usr/src/foo-1");
        fs_err::create_dir_all(&source).unwrap();
        fs_err::write(source.join("dkms.conf"), "PACKAGE_NAME=foo\nPACKAGE_VERSION=1\n").unwrap();
        assert_eq!(code("add foo/1 --dry-run"), 0);
    }
}
