//! Which kernels a command line is about: `-k`, `-a`, `--all`, else the running one, else those of the root.

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{Arch, KernelRelease, Target};
use crate::request::Kernels;
use crate::sys::System;

use super::legacy::Typed;
use crate::engine::app::App;

/// Checks what -k, -a and --all may not be together, then pairs kernels with architectures.
pub(crate) fn check(typed: &Typed) -> Result<()> {
    if typed.all && !typed.kernels.is_empty() {
        return Err(Error::new(Kind::KernelWithAll, "-k and --all exclude each other"));
    }
    if typed.all && !typed.arches.is_empty() {
        return Err(Error::new(Kind::ArchWithAll, "-a and --all exclude each other"));
    }
    same_number(typed.kernels.len(), typed.arches.len())
}

/// Several -a need as many -k.
pub(crate) fn same_number(kernels: usize, arches: usize) -> Result<()> {
    if arches > 1 && kernels != arches {
        let text = format!("{arches} -a options for {kernels} -k options");
        return Err(Error::new(Kind::ArchCount, text).hint("give one -a for all kernels, or one for each -k"));
    }
    Ok(())
}

/// Each word of -k with the architecture of -a that belongs to it.
pub(crate) fn paired(kernels: &[String], arches: &[String], system: &System) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for (at, word) in kernels.iter().enumerate() {
        let target = one(word, arches.get(at).or(arches.first()), system)?;
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The kernels: those of -k with the architectures of -a, else the running one, else those of a root that does not run.
pub(crate) fn given(typed: &Typed, app: &App) -> Result<Vec<Target>> {
    check(typed)?;
    let system = &app.system;
    if typed.kernels.is_empty() {
        let Some(running) = app.running_kernel() else { return of_root(typed, app) };
        let arch = arch(typed.arches.first(), system, running)?;
        return Ok(vec![Target::new(running.clone(), arch)]);
    }
    paired(&typed.kernels, &typed.arches, system)
}

/// Refuses architectures that Linux does not have: nothing could be built for them.
///
/// # Errors
///
/// [`Kind::ArchUnknown`].
pub(crate) fn possible(targets: Vec<Target>, app: &App) -> Result<Vec<Target>> {
    match targets.iter().find_map(|target| unheard_of(target.arch.as_str(), app)) {
        Some(error) => Err(error),
        None => Ok(targets),
    }
}

/// What is wrong with an architecture that Linux does not have.
pub(super) fn unheard_of(arch: &str, app: &App) -> Option<Error> {
    let machine = app.system.machine();
    if machine.is_some_and(|machine| machine.as_str() == arch) {
        return None;
    }
    let meant = crate::kernel::arch::meant_by(arch)?;
    let error = Error::new(Kind::ArchUnknown, format!("{arch} is no architecture of Linux"));
    Some(match (meant, machine) {
        (Some(meant), _) => error.hint(format!("did you mean -a {meant}?")),
        (None, Some(machine)) => error.hint(format!("this machine's is {machine}, which needs no -a")),
        (None, None) => error,
    })
}

/// Every kernel of the root that has headers; where none has, every one, so that what is missing can be named.
fn of_root(typed: &Typed, app: &App) -> Result<Vec<Target>> {
    let mut targets = app.kernels_with_headers()?;
    if targets.is_empty() {
        targets = app.kernels()?;
    }
    if targets.is_empty() {
        let folder = app.tree.layout().install_tree();
        return Err(Error::new(Kind::HeadersMissing, format!("there is no kernel in {}", folder.display()))
            .hint("install a kernel and its headers in this root, or name one with -k"));
    }
    if let Some(word) = typed.arches.first() {
        let arch = Arch::new(word.clone())?;
        targets = targets.into_iter().map(|target| Target::new(target.kernel, arch.clone())).collect();
    }
    Ok(targets)
}

/// The kernels of an unmaking action, which knows --all. Where no kernel runs, all are meant.
pub(crate) fn or_all(typed: &Typed, app: &App) -> Result<Kernels> {
    check(typed)?;
    let none_named = typed.kernels.is_empty() && typed.arches.is_empty() && app.running_kernel().is_none();
    if typed.all || none_named { Ok(Kernels::All) } else { given(typed, app).map(Kernels::Given) }
}

/// Exactly one kernel, or the running one where none is named.
pub(crate) fn single(typed: &Typed, app: &App, action: &str) -> Result<Target> {
    let mut targets = single_or_all(typed, app, action)?.into_iter();
    match (targets.next(), targets.next()) {
        (Some(target), None) => Ok(target),
        _ => Err(Error::new(Kind::KernelCount, format!("{action} needs one kernel, and this root has several"))
            .hint("name it with -k")),
    }
}

/// One kernel at most is named; where none is and none runs, those of the root.
pub(crate) fn single_or_all(typed: &Typed, app: &App, action: &str) -> Result<Vec<Target>> {
    refuse_all(typed, action)?;
    if typed.kernels.len() > 1 {
        let text = format!("{action} works on one kernel at a time, {} were given", typed.kernels.len());
        return Err(Error::new(Kind::KernelCount, text).hint("run it once for each of them"));
    }
    given(typed, app)
}

/// Exactly one kernel that was named.
pub(crate) fn named(typed: &Typed, app: &App, action: &str) -> Result<Target> {
    if typed.kernels.is_empty() {
        refuse_all(typed, action)?;
        return Err(
            Error::new(Kind::KernelCount, format!("{action} needs the kernel it is about")).hint("name it with -k")
        );
    }
    single(typed, app, action)
}

/// The actions for which --all is refused.
pub(crate) fn refuse_all(typed: &Typed, action: &str) -> Result<()> {
    check(typed)?;
    if typed.all {
        return Err(Error::new(Kind::AllRefused, format!("--all cannot be used with {action}"))
            .hint("name each kernel with -k"));
    }
    Ok(())
}

/// A word of -k: `KVER` or `KVER/ARCH`.
pub(crate) fn one(word: &str, option: Option<&String>, system: &System) -> Result<Target> {
    match word.split_once('/') {
        Some((kernel, word)) if !word.is_empty() => Ok(Target::new(KernelRelease::new(kernel)?, Arch::new(word)?)),
        found => {
            let kernel = KernelRelease::new(found.map_or(word, |(kernel, _)| kernel))?;
            let arch = arch(option, system, &kernel)?;
            Ok(Target::new(kernel, arch))
        }
    }
}

fn arch(option: Option<&String>, system: &System, kernel: &KernelRelease) -> Result<Arch> {
    match option {
        Some(word) => Ok(Arch::new(word.clone())?),
        None => crate::kernel::arch::of(system, kernel).ok_or_else(|| {
            Error::new(Kind::ArchUnknown, "the architecture of this machine is not known").hint("give it with -a")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::words::sample;
    use crate::report::human::{Human, Loudness, Notes};

    fn app(system: System) -> App {
        let framework = crate::conf::Framework::defaults(&system);
        App::new(system, framework, Human::new(Loudness::Nothing, Notes::Stdout))
    }

    /// A machine whose kernel has its folder.
    fn machine() -> (tempfile::TempDir, App) {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("lib/modules/6.1.0-1")).unwrap();
        let system = System::host().with_root(root.path());
        (root, app(system.with_running(KernelRelease::new("6.1.0-1").ok(), Arch::new("x86_64").ok())))
    }

    fn targets(line: &str) -> std::result::Result<Vec<String>, u8> {
        let (_, typed) = sample(line);
        given(&typed, &machine().1)
            .map(|targets| targets.iter().map(|target| format!("{}/{}", target.kernel, target.arch)).collect())
            .map_err(|error| error.kind().code())
    }

    #[test]
    fn kernels_and_architectures_pair_up() {
        for (line, expected) in [
            ("build", Ok(vec!["6.1.0-1/x86_64"])),
            ("build -k a -k b", Ok(vec!["a/x86_64", "b/x86_64"])),
            ("build -k a -k b -a arm", Ok(vec!["a/arm", "b/arm"])),
            ("build -k a -k b -a arm -a mips", Ok(vec!["a/arm", "b/mips"])),
            ("build -k a/arm", Ok(vec!["a/arm"])),
            ("build -k a -k a", Ok(vec!["a/x86_64"])),
            ("build -k a -a arm -a mips", Err(1)),
            ("build --all -k a", Err(2)),
            ("build --all -a arm", Err(3)),
            ("build -k=", Err(16)),
        ] {
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(targets(line), expected, "{line}");
        }
    }

    #[test]
    fn without_an_architecture_nothing_can_be_named() {
        let typed = sample("build -k 6.1").1;
        let unknown = app(System::host().with_root("/nowhere").with_running(None, None));
        assert_eq!(given(&typed, &unknown).map_err(|error| error.kind()), Err(Kind::ArchUnknown));
        let typed = sample("build -k 6.1/arm").1;
        assert!(given(&typed, &unknown).is_ok());
    }
}
