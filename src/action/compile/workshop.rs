//! The build folder while a build goes on: its source, its shell, its log, and what is run in it.

use std::path::{Path, PathBuf};

use crate::action::compile::accept::{self, Brought};
use crate::action::compile::environment;
use crate::action::compile::environment::Environment;
use crate::action::compile::explain::{Failed, Failure};
use crate::action::compile::finish;
use crate::action::compile::finish::{Left, Signatures};
use crate::action::compile::fitting;
use crate::action::compile::lodging::Lodging;
use crate::action::compile::log::BuildLog;
use crate::action::compile::make;
use crate::action::compile::patch;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::shell::{Shell, quote};
use crate::action::compile::view;
use crate::action::compile::walls;
use crate::action::jobs::Jobs;
use crate::action::{Context, caller, hook};
use crate::conf::BuiltModule;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::step::Switch;
use crate::sys::Finished;
use crate::sys::Output;
use crate::sys::copy::copy_tree;
use crate::sys::fs::{free_space, remove_tree};
use crate::sys::room::{Level, Room, Terminal};
use crate::tree::{Stage, TreeLock};

/// Bytes below which a failed build may have failed for want of space: a module with its objects takes more.
const LITTLE_SPACE: u64 = 1 << 20;
/// Bytes below which it has.
const NO_SPACE: u64 = 64 << 10;

/// A build folder with a copy of the source in it.
pub(crate) struct Workshop<'a> {
    context: &'a Context<'a>,
    module: &'a Prepared<'a>,
    jobs: &'a Jobs,
    /// Opened.
    folder: PathBuf,
    shell: Shell,
    log: BuildLog,
    brought: Brought,
    lodging: Lodging<'a>,
    /// It writes into the kernel's headers, of which no copy could be had: why.
    without_copy: Option<String>,
}

/// What the kernel's makefiles take for a separator or a pattern, and bash for its own.
const NOT_IN_A_PATH: &str = ":%'\"$;&|<>()*?[]`!#\\{}";

impl<'a> Workshop<'a> {
    /// Copies the source and the administrator's patches into an empty build folder and begins the log.
    pub(crate) fn open(context: &'a Context<'a>, module: &'a Prepared<'a>, jobs: &'a Jobs) -> Result<Self> {
        let fail = |error| Error::io(format!("the build folder of {} cannot be filled", module.id), error);
        let folder = context.lock.writer().start_build(module.id, module.target).map_err(fail)?;
        let log = fill(context, module, &folder).inspect_err(|_| {
            // Half a copy is of no use, and the disk may be full of it.
            if let Err(error) = context.lock.writer().end_build(module.id) {
                context.reporter.warn(format!("the build folder of {} stays: {error}", module.id));
            }
        })?;
        let brought = Brought::of(module, &folder);
        let mut environment = environment(context, module);
        let lodging = Lodging::open(context, module, &folder, &environment)?;
        lodging.furnish(&mut environment);
        let shell = Shell {
            folder: folder.clone(),
            environment,
            variables: variables(context, module, jobs),
            leash: context.lock.leash(),
            room: lodging.room(),
        };
        Ok(Self { context, module, jobs, folder, shell, log, brought, lodging, without_copy: None })
    }

    /// Of its room.
    pub(crate) fn level(&self) -> Level {
        self.lodging.level()
    }

    /// Refuses what leads out of the source before anything of it is run.
    pub(crate) fn check(&self) -> Result<()> {
        let scripts = &self.module.conf.scripts;
        let named = [("PRE_BUILD", &scripts.pre_build), ("POST_BUILD", &scripts.post_build)];
        let named = named.into_iter().filter_map(|(name, command)| Some((name, command.as_ref()?)));
        named.into_iter().try_for_each(|(name, command)| hook::stays_inside(name, self.module.id, command))
    }

    /// Applies the patches of dkms.conf.
    pub(crate) fn patch(&mut self) -> Result<()> {
        patch::apply(
            &self.context.system.tools(),
            self.module.id,
            &self.module.conf.patches,
            &self.shell,
            &mut self.log,
        )
    }

    pub(crate) fn pre_build(&mut self) -> Result<()> {
        let Some(command) = &self.module.conf.scripts.pre_build else { return Ok(()) };
        self.script("PRE_BUILD", command)
    }

    pub(crate) fn make(&mut self) -> Result<()> {
        let module = self.module;
        let line = self.make_line();
        self.refuse_path(&line)?;
        self.context.reporter.detail(format!("building {} for {}: {line}", module.id, module.target));
        let finished = self.run("Building modules", &line, Kind::MakeFailed, self.jobs.jobserver())?;
        if finished.success() { Ok(()) } else { Err(self.explain(&finished)) }
    }

    /// What bash is given.
    fn make_line(&self) -> String {
        let module = self.module;
        let default = make::default_line(&module.headers, &self.context.system.inside(&self.folder));
        let (kernel, is_llvm) = (&module.target.kernel, module.toolchain.is_llvm);
        make::line(&module.conf.make, &default, kernel, self.jobs.make_flag(), is_llvm)
    }

    /// Runs this command, or a shell at our terminal, where make would run; gives its exit code. What make could read
    /// without having it in its environment is there, too, so that its line can be typed.
    pub(crate) fn visit(&mut self, command: &[String]) -> Result<u8> {
        let (system, line) = (self.context.system.tools(), self.make_line());
        let level = self.lodging.level().name();
        let (id, target) = (self.module.id, self.module.target);
        self.context.reporter.note(format!("make of {id} for {target} is run in a room of level {level} as\n  {line}"));
        let mut environment = self.shell.environment.clone();
        environment.extend(self.shell.variables.iter().map(|(name, value)| ((*name).into(), value.into())));
        environment.extend(system.variable("TERM").map(|kind| ("TERM".into(), kind.to_owned())));
        environment.insert("PS1".into(), r"room of \w\$ ".into());
        let room = self.lodging.room().map(|room| Room { terminal: Terminal::Kept, ..room });
        let started = |program: &str| {
            let command = system.command_in_room(room.as_ref(), &environment, &self.folder, program);
            command.output(Output::Inherit).asking()
        };
        let ran = match command {
            [] => started("bash").args(["--noprofile", "--norc", "-i"]),
            [program, arguments @ ..] => started(program).args(arguments),
        };
        let finished = system.run(&ran).map_err(|error| Error::io("the room cannot be entered", error.source))?;
        // How a person leaves a shell says nothing.
        Ok(if command.is_empty() { 0 } else { finished.shell_code() })
    }

    /// The kernel's makefiles take no such path for a module (its top Makefile, KBUILD_EXTMOD), and say so in their own words.
    fn refuse_path(&self, line: &str) -> Result<()> {
        let build = self.context.system.inside(&self.folder).to_string_lossy().into_owned();
        let is_kbuild = line.contains("M=") || line.contains("SUBDIRS=");
        let Some(refused) = build.chars().find(|c| NOT_IN_A_PATH.contains(*c)).filter(|_| is_kbuild) else {
            return Ok(());
        };
        let message = format!(
            "{} cannot be built: make, and the shell that runs it, take no `{refused}` in the path {build}",
            self.module.id
        );
        Err(Error::new(Kind::BadConf, message)
            .hint("give it a PACKAGE_NAME and a PACKAGE_VERSION without it: the epoch of a package is no part of them"))
    }

    pub(crate) fn finish(&mut self, stage: &Stage) -> Result<Signatures> {
        let left = Left { build: &self.folder, brought: &self.brought, lodging: &self.lodging };
        let finished = finish::finish(self.context, self.module, &left, stage);
        finished.map_err(|error| match error.kind() {
            Kind::ModuleNotProduced => self.not_made(error),
            _ => self.with_log(error, None),
        })
    }

    /// Puts the log beside the modules.
    pub(crate) fn store_log(&mut self, stage: &Stage) -> Result<()> {
        let (layout, module) = (self.context.tree.layout(), self.module);
        let place = layout.named(&layout.make_log(module.id, module.target));
        self.context.reporter.detail(format!("the log of this build is {}", place.display()));
        self.log.copy_to(&stage.log())
    }

    /// Runs POST_BUILD, whose output goes into the log that lies in the tree by now as well.
    pub(crate) fn post_build(&mut self) -> Result<()> {
        let Some(command) = &self.module.conf.scripts.post_build else { return Ok(()) };
        let stored = self.context.tree.layout().make_log(self.module.id, self.module.target);
        self.shell.room = self.lodging.room_afterwards();
        let ended = self.script("POST_BUILD", command);
        self.log.copy_to(&stored)?;
        ended
    }

    /// Runs a script in the build folder. Its arguments are the shell's to expand; its name is not.
    fn script(&mut self, name: &str, command: &str) -> Result<()> {
        let (system, id) = (self.context.system, self.module.id);
        hook::stays_inside(name, id, command)?;
        let Some(found) = hook::find(system, &id.name, command, &self.folder) else {
            let warning = hook::not_executable(name, id, command, &self.folder);
            self.log.line(&warning)?;
            self.context.reporter.warn(warning);
            return Ok(());
        };
        let arguments = command.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
        let script = system.inside(&found.script);
        let line = format!("{} {arguments}", quote(&script.to_string_lossy()));
        let title = format!("Running the {name} script");
        let finished = self.run(&title, line.trim_end(), Kind::Script(126), None)?;
        if finished.success() {
            return Ok(());
        }
        let kind = Kind::Script(finished.shell_code());
        let what = format!("the {name} script of {id} for kernel {} failed", self.module.target);
        let how = self.log.last_words().unwrap_or_else(|| finished.how());
        Err(self.explained(&finished, Failure { kind, what, how }))
    }

    /// Runs a line of bash, and once more over a copy of the kernel's headers if it failed because it writes there.
    fn run(&mut self, title: &str, line: &str, kind: Kind, jobs: Option<&jobserver::Client>) -> Result<Finished> {
        let (tools, nice) = (self.context.system.tools(), self.context.framework.build_nice);
        let command = |shell: &Shell| shell.evaluating(&tools, line).jobserver(jobs).nice(nice);
        let before = self.log.length()?;
        let finished = self.log.run(&tools, title, line, kind, command(&self.shell))?;
        if finished.success() || !self.lay_over_headers() {
            return Ok(finished);
        }
        // What was in the way of the first try is no reason why the second one fails.
        self.log.shorten(before)?;
        let title = format!("{title} with a copy of the kernel's headers");
        self.log.run(&tools, &title, line, kind, command(&self.shell))
    }

    /// Whether the command that failed may do better now: it wanted to write into the kernel's headers, and gets a layer over
    /// them that is thrown away.
    fn lay_over_headers(&mut self) -> bool {
        let Some(room) = self.shell.room.as_ref().filter(|room| room.level == Level::Full && room.layered.is_empty())
        else {
            return false;
        };
        let (context, id) = (self.context, self.module.id);
        let folders = view::folders_of_headers(context, self.module);
        let log = walls::end_of(self.log.path()).unwrap_or_default();
        let Some(wanted) =
            walls::wanted(&log, &folders).filter(|path| !room.writable.iter().any(|own| path.starts_with(own)))
        else {
            return false;
        };
        let wanted = wanted.display();
        match self.lodging.lay_over(&folders, &self.shell.environment) {
            Ok(()) => {
                self.shell.room = self.lodging.room();
                context.reporter.warn(format!(
                    "{id} writes {wanted}, which is the kernel's: it is built with a copy of these headers, and what it \
                     writes there is thrown away"
                ));
                true
            }
            Err(why) => {
                let text = format!("{id} writes {wanted} and gets no copy of the headers: {why}");
                context.reporter.detail(text.clone());
                self.without_copy = Some(text);
                false
            }
        }
    }

    fn explain(&mut self, finished: &Finished) -> Error {
        let (id, target) = (self.module.id, self.module.target);
        let what = format!("building {id} for kernel {target} failed");
        let failure = Failure { kind: Kind::MakeFailed, what, how: format!("make: {}", finished.how()) };
        self.explained(finished, failure)
    }

    /// With what the log says of the command that failed.
    fn explained(&mut self, finished: &Finished, failure: Failure) -> Error {
        self.log.keep_in_place();
        if let Some(free) = self.free_below(NO_SPACE) {
            let error = Error::new(Kind::DiskFull, format!("{}: the disk is full, {free}", failure.what));
            return error.hint("free some space on that file system and run the command again");
        }
        // The layers of preflight may be in the way of that copy, which are not there when the kernel has come.
        if let Some(text) = self.without_copy.take().filter(|_| self.context.policy.has(Switch::KeepFailures)) {
            return Error::new(Kind::NoRoom, text);
        }
        let code = finished.code.and_then(|code| u8::try_from(code).ok());
        let (error, line) = self.failed(code).explain(failure, &self.log, self.context.reporter);
        let perhaps = self.free_below(LITTLE_SPACE).filter(|_| error.kind() != Kind::DiskFull);
        let perhaps = perhaps.map(|free| format!("perhaps the disk is full: {free}"));
        let hints = self.of_walls().into_iter().chain(perhaps).chain(fitting::advice(self.context.system));
        self.with_log(hints.fold(error, Error::hint), line)
    }

    fn of_walls(&self) -> Option<String> {
        let room = self.lodging.room()?;
        let log = walls::end_of(self.log.path()).ok()?;
        let name = &self.module.id.name;
        let headers = || view::folders_of_headers(self.context, self.module);
        let wanted = (room.level != Level::Full).then(|| walls::wanted(&log, &headers())).flatten();
        wanted
            .map(|path| walls::advice_on_headers(&path, name, room.level))
            .or_else(|| walls::advice(&log, name, &self.context.system.inside(&self.folder)))
    }

    fn failed(&self, code: Option<u8>) -> Failed<'_> {
        let source = self.context.tree.layout().source_tree_name();
        Failed { system: self.context.system, module: self.module, folder: &self.folder, source, code }
    }

    /// What came of a build that ended well and did not make every module.
    fn not_made(&mut self, error: Error) -> Error {
        self.log.keep_in_place();
        let module = self.module;
        let place = |built: &BuiltModule| accept::place(&self.folder, built);
        let missing = module.modules().map(place).find(|file| !file.is_file());
        let Some(missing) = missing.as_deref().and_then(|file| file.strip_prefix(&self.folder).ok()) else {
            return self.with_log(error, None);
        };
        let missing = missing.to_string_lossy().into_owned();
        let error = self.failed(Some(0)).not_made(error, &missing, &self.log, self.context.reporter);
        let error = self.of_walls().into_iter().fold(error, Error::hint);
        self.with_log(error, None)
    }

    /// On a full disk the log itself may lack the line that says so.
    fn free_below(&self, limit: u64) -> Option<String> {
        let free = free_space(&self.folder).filter(|free| *free < limit)?;
        let folder = self.context.system.inside(&self.folder);
        Some(format!("{} KiB are free at {}", free / 1024, folder.display()))
    }

    fn with_log(&mut self, error: Error, line: Option<usize>) -> Error {
        self.log.keep_in_place();
        let line = line.map(|line| format!(", this is its line {line}")).unwrap_or_default();
        error.hint(format!("the whole log is {}{line}", self.context.system.inside(self.log.path()).display()))
    }
}

/// Copies the source and the administrator's patches, and begins the log.
fn fill(context: &Context<'_>, module: &Prepared<'_>, folder: &Path) -> Result<BuildLog> {
    let fail = |error| Error::io(format!("the build folder of {} cannot be filled", module.id), error);
    copy_tree(&module.source, folder).map_err(fail)?;
    patch::overlay(context.system, module.id, folder)?;
    // A source may bring a file, or a link, of this name.
    let log = folder.join("make.log");
    remove_tree(&log).map_err(fail)?;
    BuildLog::start(&log, module.id, module.target)
}

fn environment(context: &Context<'_>, module: &Prepared<'_>) -> Environment {
    let mut environment = environment::of_build(context.system.environment(), context.framework, &module.toolchain);
    if let Some(file) = &context.framework.build_environment
        && let Err(error) = environment::source(context.system, &mut environment, file)
    {
        context.reporter.warn(error.to_string());
    }
    environment.insert(TreeLock::TOKEN.into(), context.lock.token().into());
    let step = caller::mark(context.system, module.id, module.target);
    let identity = hook::identity(module.id, module.target);
    environment.extend(identity.into_iter().chain([step]).map(|(name, value)| (name.into(), value)));
    environment
}

/// What command lines of dkms.conf can read besides the environment.
fn variables(context: &Context<'_>, module: &Prepared<'_>, jobs: &Jobs) -> Vec<(&'static str, String)> {
    let layout = context.tree.layout();
    let path = |path: &Path| path.to_string_lossy().into_owned();
    vec![
        ("kernel_source_dir", path(&module.headers)),
        ("kernel_config", path(&module.config_file)),
        ("dkms_tree", path(layout.tree_name())),
        ("source_tree", path(layout.source_tree_name())),
        ("install_tree", path(layout.install_tree_name())),
        ("parallel_jobs", jobs.share().to_string()),
    ]
}
