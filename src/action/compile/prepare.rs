//! Everything a build needs to know, looked up once and refused in a fixed order before anything is changed.

use std::path::Path;

use crate::action::compile::fitting;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::recipe;
use crate::action::compile::toolchain::Toolchain;
use crate::action::jobs::Jobs;
use crate::action::{Context, module_conf};
use crate::conf::{self, Commands, ModuleConf};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::{Kernel, KernelConfig, headers, installed};
use crate::snapshot::inputs::{self, Making};
use crate::step::Switch;
use crate::sys::System;
use crate::sys::other_root::lacks_devices;
use crate::tree::Build;
use crate::version;

impl<'a> Prepared<'a> {
    /// Looks everything up.
    ///
    /// # Errors
    ///
    /// In this order: not registered, broken, no dkms.conf, a bad one, excluded for this kernel, no source beside
    /// dkms.conf, no headers, a dependency not installed (unless forced).
    pub(crate) fn new(context: &Context<'_>, id: &'a ModuleId, target: &'a Target, jobs: &Jobs) -> Result<Self> {
        let source = module_conf::source(context, id)?;
        let given = &context.policy.inputs;
        let kernel = installed::kernel(context.tree.layout(), target, given.kernel_source_dir.as_deref());
        let opened = kernel.headers.folder();
        let read = headers::config_file(opened, given.kernel_config.as_deref());
        let headers = context.system.inside(opened);
        let config_file = read.as_deref().map_or_else(|| headers.join(".config"), |file| context.system.inside(file));
        let conf = load(context, id, target, &source, (&headers, &config_file), jobs.share())?;
        refuse_excluded(&conf, id, target)?;
        refuse_empty(&source, id)?;
        refuse_missing_headers(context, &kernel)?;
        refuse_missing_devices(context, id)?;
        let dependencies = dependencies(context, &conf, id, target)?;
        let config = config(read.as_deref())?;
        let tools = context.system.tools();
        let toolchain = context.memo.toolchain(&tools, &config, opened, &target.arch);
        refuse_missing_compiler(&tools, &toolchain, target)?;
        fitting::refuse_unfit(context, &toolchain, &config, target)?;
        let suffix = kernel.suffix();
        // Looked at before the source is copied: what changes meanwhile is seen as a change by the next run.
        let making = Making { id, kernel: &kernel, source: &source, depends: &conf.build_depends };
        let inputs = inputs::digests(&context.view(), &making, &context.memo.inputs)
            .map_err(|error| Error::io(format!("what {id} is built from cannot be read"), error))?;
        let mut prepared = Self {
            id,
            target,
            source,
            conf,
            headers,
            config_file,
            config,
            suffix,
            toolchain,
            dependencies,
            inputs,
            recipe: None,
        };
        // With one fixed number of jobs: how many there happen to be changes no module.
        let places = (prepared.headers.as_path(), prepared.config_file.as_path());
        let conf = load(context, id, target, &prepared.source, places, 1)?;
        prepared.recipe = recipe::of(context, &prepared, &conf);
        Ok(prepared)
    }

    /// The modules that this kernel gets.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &conf::BuiltModule> {
        self.conf.modules.iter().filter(|module| module.excluded.is_none())
    }
}

/// What the file says; a kernel without one has an empty configuration.
fn config(file: Option<&Path>) -> Result<KernelConfig> {
    file.map_or_else(
        || Ok(KernelConfig::default()),
        |file| KernelConfig::read(file).map_err(|error| Error::io("the kernel's configuration cannot be read", error)),
    )
}

fn load(
    context: &Context<'_>,
    id: &ModuleId,
    target: &Target,
    source: &Path,
    (headers, config_file): (&Path, &Path),
    parallel_jobs: usize,
) -> Result<ModuleConf> {
    let file = context.policy.inputs.conf.clone().unwrap_or_else(|| source.join("dkms.conf"));
    let evaluated = conf::Context {
        target: Some(target),
        kernel_source_dir: headers.to_path_buf(),
        kernel_config: config_file.to_path_buf(),
        module: Some(&id.name),
        version: Some(&id.version),
        parallel_jobs,
        directives: &context.policy.inputs.directives,
        copies: None,
        memo: None,
    };
    let loaded = conf::load(context.system, context.framework, &file, &evaluated, Commands::Run)?;
    loaded.refuse_duplicates()?;
    Ok(loaded.conf)
}

fn refuse_excluded(conf: &ModuleConf, id: &ModuleId, target: &Target) -> Result<()> {
    let every = || {
        let reasons: Option<Vec<&str>> = conf.modules.iter().map(|module| module.excluded.as_deref()).collect();
        reasons.and_then(|reasons| reasons.first().map(|reason| (*reason).to_owned()))
    };
    match conf.excluded.clone().or_else(every) {
        None => Ok(()),
        Some(why) => Err(Error::new(Kind::Excluded, format!("{id} is not meant for kernel {target}: {why}"))),
    }
}

fn refuse_empty(source: &Path, id: &ModuleId) -> Result<()> {
    let entries =
        fs_err::read_dir(source).map_err(|error| Error::io(format!("the source of {id} cannot be read"), error))?;
    if entries.flatten().nth(1).is_some() {
        return Ok(());
    }
    Err(Error::new(Kind::EmptySource, format!("the source of {id}, {}, holds nothing but dkms.conf", source.display()))
        .hint("a module that came as binaries only cannot be built; otherwise put the source back"))
}

fn refuse_missing_headers(context: &Context<'_>, kernel: &Kernel) -> Result<()> {
    if kernel.has_headers() {
        return Ok(());
    }
    let (target, folder) = (&kernel.target, context.system.inside(kernel.headers.folder()));
    let missing = format!("the headers of kernel {target} were not found: there is no {}/include", folder.display());
    let os = context.system.os_release().cloned().unwrap_or_default();
    let package = crate::kernel::package::of_headers(&os, kernel);
    Err(Error::new(Kind::HeadersMissing, missing)
        .hint(format!("install {package}, or name the folder of the headers with --kernelsourcedir")))
}

/// This machine's own compiler would say nothing but that it does not know the options of the other.
fn refuse_missing_compiler(tools: &System, toolchain: &Toolchain, target: &Target) -> Result<()> {
    let Some(program) = toolchain.lacks() else { return Ok(()) };
    let text =
        format!("kernel {target} is for another kind of machine than this one, and `{program}` is not installed");
    let package = program.strip_suffix("-gcc").map_or(program.clone(), |triplet| format!("gcc-{triplet}"));
    let is_debian = tools.has_program("apt-get");
    let hint = if is_debian { format!("`apt-get install {package}`") } else { format!("install {program}") };
    Err(Error::new(Kind::CompilerMissing, text).hint(format!("{hint}, then run this again")))
}

/// Compilers and shells write to /dev/null; what says that a source is at fault, next, is that it is not there.
fn refuse_missing_devices(context: &Context<'_>, id: &ModuleId) -> Result<()> {
    let Some(why) = lacks_devices(context.system) else { return Ok(()) };
    let error = Error::new(Kind::DevicesMissing, format!("{id} is not built: {why}"));
    // Of another root the sentence says what to type.
    Err(match context.system.is_live() {
        true => error.hint("from outside of this chroot: `mount --rbind /dev FOLDER/dev`, FOLDER being what is / here"),
        false => error,
    })
}

fn dependencies(
    context: &Context<'_>,
    conf: &ModuleConf,
    id: &ModuleId,
    target: &Target,
) -> Result<Vec<(ModuleName, Option<String>)>> {
    let wanted: Vec<&ModuleName> = conf.build_depends.iter().filter(|name| **name != id.name).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let modules = context.tree.modules().map_err(|error| Error::io("the DKMS tree cannot be read", error))?;
    let is_linked =
        |build: &Build| build.weak.iter().any(|(kernel, arch)| *kernel == target.kernel && *arch == target.arch);
    let installed = |name: &ModuleName| {
        let linked = modules.iter().find(|entry| entry.id.name == *name && entry.builds.iter().any(is_linked));
        let active = context.tree.active(name, target).map(|version| version.to_string());
        active.or_else(|| linked.map(|entry| entry.id.version.to_string()))
    };
    let missing: Vec<&str> = wanted.iter().filter(|name| installed(name).is_none()).map(|name| name.as_str()).collect();
    if !missing.is_empty() && !context.policy.has(Switch::Force) {
        let names = missing.join(", ");
        return Err(Error::new(
            Kind::DependencyMissing,
            format!("{id} needs {names} (BUILD_DEPENDS), not installed for kernel {target}"),
        )
        .hint(format!("install {names} for this kernel first, or build without with --force")));
    }
    let newest = |name: &ModuleName| {
        let versions = modules.iter().filter(|entry| entry.id.name == *name).map(|entry| entry.id.version.as_str());
        versions.max_by(|one, other| version::compare(one, other)).map(str::to_owned)
    };
    // What serves on this kernel: a newer version may have failed there.
    Ok(wanted.into_iter().map(|name| (name.clone(), installed(name).or_else(|| newest(name)))).collect())
}
