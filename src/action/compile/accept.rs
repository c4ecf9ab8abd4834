//! Whether what make left is the result of this build, and a module that the kernel will load.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::action::Context;
use crate::action::compile::prepared::Prepared;
use crate::conf::{BuiltModule, MakeCommand};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::kernel::acceptance::{self, Age, Demands, Unfit};
use crate::kernel::modinfo::read_module;
use crate::kernel::{ModInfo, Suffix, installed};
use crate::sys::fs::same_content;

/// A module of dkms.conf and what was taken back of it.
pub(super) struct Built<'a> {
    pub(super) conf: &'a BuiltModule,
    /// Where make left it, below the build folder.
    pub(super) name: PathBuf,
    /// Our copy.
    pub(super) file: PathBuf,
    /// When make wrote it.
    pub(super) modified: SystemTime,
}

/// The files that lay in the places of the modules before anything was run: when each was last written.
#[derive(Debug, Default)]
pub(crate) struct Brought(BTreeMap<PathBuf, SystemTime>);

impl Brought {
    /// Of a build folder that holds a copy of the source and nothing else.
    pub(crate) fn of(module: &Prepared<'_>, build: &Path) -> Self {
        let written = |conf: &BuiltModule| {
            let file = place(build, conf);
            let time = fs_err::metadata(&file).ok()?.modified().ok()?;
            Some((file, time))
        };
        Self(module.modules().filter_map(written).collect())
    }

    /// Whether the file is the source's own, neither written since nor another one.
    fn is_still(&self, module: &Prepared<'_>, build: &Path, built: &Built<'_>) -> bool {
        let Some(before) = self.0.get(&build.join(&built.name)) else { return false };
        built.modified == *before && same_content(&built.file, &module.source.join(&built.name)).unwrap_or(false)
    }
}

/// Where make leaves a module.
pub(super) fn place(build: &Path, conf: &BuiltModule) -> PathBuf {
    build.join(&conf.built_location).join(format!("{}{}", conf.built_name, Suffix::Plain.as_str()))
}

/// Looks at every module.
///
/// # Errors
///
/// [`Kind::NotMadeNow`], [`Kind::NoModule`] and [`Kind::OtherKernel`].
pub(super) fn all(
    context: &Context<'_>,
    module: &Prepared<'_>,
    build: &Path,
    brought: &Brought,
    built: &[Built<'_>],
) -> Result<()> {
    let source_dir = context.policy.inputs.kernel_source_dir.as_deref();
    let kernel = installed::kernel(context.tree.layout(), module.target, source_dir);
    let demands = Demands::of(&kernel, &module.config, (context.tree, &module.conf.build_depends), Age::JustMade);
    for built in built {
        if brought.is_still(module, build, built) {
            return Err(not_made(module, &built.name));
        }
        let content = read_module(&built.file).map_err(|error| no_module(module, &built.name, &error.to_string()))?;
        acceptance::check(&content, &demands).map_err(|unfit| refusal(context, module, &built.name, unfit))?;
        warn_of_other_headers(context, module, &content);
    }
    Ok(())
}

fn not_made(module: &Prepared<'_>, name: &Path) -> Error {
    let text = format!(
        "make ended well, but did not make {} of {} for kernel {}: it is the file that came with the source",
        name.display(),
        module.id,
        module.target
    );
    Error::new(Kind::NotMadeNow, text).hint(format!(
        "delete what an earlier build left in {} (*.ko, *.o, *.mod, .*.cmd), or let MAKE begin with a clean",
        module.source.display()
    ))
}

/// What lies in a module's place is nothing that can be taken.
pub(super) fn no_module(module: &Prepared<'_>, name: &Path, why: &str) -> Error {
    let text = format!("{} of {} is no module that can be taken: {why}", name.display(), module.id);
    Error::new(Kind::NoModule, text)
}

fn refusal(context: &Context<'_>, module: &Prepared<'_>, name: &Path, unfit: Unfit) -> Error {
    let what = format!("what make left as {} of {} is not for kernel {}", name.display(), module.id, module.target);
    match &unfit {
        Unfit::NoModule { .. } => Error::new(Kind::NoModule, format!("{what}: {unfit}"))
            .hint("a full disk or a failing tool cuts files; build it again with `--force` when that is mended"),
        Unfit::Release { has, .. } => {
            let advice = advice(context, module, has.as_deref().unwrap_or_default());
            Error::new(Kind::OtherKernel, format!("{what}: {unfit}, which would not load it")).hint(advice)
        }
        Unfit::Machine { .. } | Unfit::Flag { .. } | Unfit::Size { .. } | Unfit::Symbol(_) | Unfit::Barred(_) => {
            let what = Error::new(Kind::OtherKernel, format!("{what}: {unfit}, so it would not be loaded"));
            let headers = module.headers.display();
            what.hint(match unfit {
                Unfit::Size { .. } => format!(
                    "{headers} was configured otherwise than the kernel under {}: install the headers of the same package",
                    context.system.inside(&context.tree.layout().kernel_modules(module.target)).display()
                ),
                Unfit::Symbol(_) => format!(
                    "the build has to use the symbols in {headers}/Module.symvers, and no other list of them \
                     (KDIR=, KBUILD_EXTRA_SYMBOLS=)"
                ),
                _ => format!("the build has to use the headers in {headers} and their configuration, and no flags of its own"),
            })
        }
    }
}

/// Why a build may have gone for this kernel, and what to write instead.
fn advice(context: &Context<'_>, module: &Prepared<'_>, has: &str) -> String {
    let right = "use $kernelver or $kernel_source_dir of dkms.conf in MAKE";
    let is_in_line = matches!(&module.conf.make, MakeCommand::Given(line) if !has.is_empty() && line.contains(has));
    let is_running = context.system.running_kernel().is_some_and(|running| running.as_str() == has);
    if is_in_line {
        format!("MAKE names the kernel {has}; {right} instead")
    } else if is_running {
        format!("its makefile asks `uname -r`, which names the running kernel; {right}")
    } else {
        format!("its makefile names another kernel than the one that it is told (KVER=, KDIR=, `uname -r`); {right}")
    }
}

/// Headers that a person named, or that a kernel's link leads to, may be those of another kernel.
fn warn_of_other_headers(context: &Context<'_>, module: &Prepared<'_>, content: &[u8]) {
    let wanted = module.target.kernel.as_str();
    let info = ModInfo::parse(content).unwrap_or_default();
    if let Some(release) = info.release().filter(|release| *release != wanted) {
        context.reporter.warn(format!(
            "{} was built for kernel {release}, as the headers in {} are: {wanted} loads it only if that is what it is",
            module.id,
            module.headers.display()
        ));
    }
}
