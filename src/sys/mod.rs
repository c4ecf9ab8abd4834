//! The only way to processes, files, environment and machine facts. Everything takes a root, so that tests, image
//! builds and the live system run the same code.

pub(crate) mod bench;
pub(crate) mod bounded;
pub(crate) mod chroot;
pub(crate) mod compare;
pub(crate) mod copy;
pub(crate) mod efi;
pub(crate) mod environment;
pub(crate) mod fingerprint;
pub(crate) mod fs;
mod groups;
pub(crate) mod hidden;
pub(crate) mod interrupt;
pub(crate) mod journal;
pub(crate) mod leash;
pub(crate) mod memory;
pub(crate) mod os_release;
pub(crate) mod other_root;
mod pool;
pub(crate) mod process;
pub(crate) mod reboot;
pub(crate) mod rename;
pub(crate) mod room;
pub(crate) mod run;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod scratch;
pub(crate) mod shell_words;
pub(crate) mod shutdown;
pub(crate) mod side_by_side;
pub(crate) mod trace;
pub(crate) mod world;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bench::Bench;
use environment::{Environment, Whom};
use os_release::OsRelease;
pub(crate) use run::{Command, Finished, Output, RunError, Runner};

use crate::ids::{Arch, KernelRelease};

/// Where programs are looked for without a PATH.
const DEFAULT_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The machine, its root and its programs, handed down and never global.
#[derive(Clone)]
pub(crate) struct System {
    root: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    /// Names of variables that pass to programs although no list of ours has them.
    passing: Arc<[String]>,
    effective_uid: u32,
    running: Option<KernelRelease>,
    machine: Option<Arch>,
    runner: Arc<dyn Runner>,
    os_release: Arc<OnceLock<Option<OsRelease>>>,
    /// Why programs must not be run inside the root.
    unfurnished: Option<Arc<str>>,
    /// Where what builds modules is another root's.
    bench: Option<Bench>,
    /// Where its programs run, if not in the root itself.
    seat: Option<PathBuf>,
}

impl System {
    /// The live system: `/`, this process' environment and user, uname(2).
    pub(crate) fn host() -> Self {
        let uname = rustix::system::uname();
        Self {
            root: PathBuf::from("/"),
            environment: std::env::vars_os().collect(),
            passing: Arc::default(),
            effective_uid: rustix::process::geteuid().as_raw(),
            running: KernelRelease::new(uname.release().to_string_lossy()).ok(),
            machine: Arch::new(uname.machine().to_string_lossy()).ok(),
            runner: Arc::new(run::HostRunner),
            os_release: Arc::default(),
            unfurnished: None,
            bench: None,
            seat: None,
        }
    }

    /// The same system, whose modules are built at this bench.
    #[must_use]
    pub(crate) fn with_bench(self, bench: Bench) -> Self {
        Self { bench: Some(bench), ..self }
    }

    /// The root whose programs build modules here, if it is another.
    pub(crate) fn toolchain(&self) -> Option<&Path> {
        self.bench.as_ref().map(|bench| bench.tools.as_path())
    }

    /// The system as what builds modules sees it: the same files, and the programs of its toolchain.
    pub(crate) fn tools(&self) -> Cow<'_, Self> {
        let Some(bench) = &self.bench else { return Cow::Borrowed(self) };
        Cow::Owned(Self { seat: Some(bench.place.clone()), machine: bench.machine.clone(), ..self.clone() })
    }

    /// The root that its programs run in.
    fn seat(&self) -> &Path {
        self.seat.as_deref().unwrap_or(&self.root)
    }

    /// The same system with another root. `/` means the running one.
    #[must_use]
    pub(crate) fn with_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self.os_release = Arc::default();
        self
    }

    /// The same system with another environment (tests, hooks).
    #[must_use]
    pub(crate) fn with_environment(mut self, environment: BTreeMap<OsString, OsString>) -> Self {
        self.environment = environment;
        self
    }

    /// The same system, whose programs find these variables of the caller's, too (framework.conf's `pass_environment`).
    #[must_use]
    pub(crate) fn with_passing(mut self, names: &[String]) -> Self {
        self.passing = names.into();
        self
    }

    /// The same system with other programs behind [`System::run`] (tests).
    #[must_use]
    pub(crate) fn with_runner(mut self, runner: Arc<dyn Runner>) -> Self {
        self.runner = runner;
        self
    }

    /// The same system, with programs that would write to our own streams writing nowhere (`--quiet`).
    #[must_use]
    pub(crate) fn quiet(self) -> Self {
        self.with_runner(Arc::new(run::QuietRunner))
    }

    /// The same system, with programs that would write to our own streams writing to standard error only: standard output
    /// is for one document (`--json`).
    #[must_use]
    pub(crate) fn on_standard_error(self) -> Self {
        self.with_runner(Arc::new(run::ErrorStreamRunner))
    }

    /// The same system with another running kernel (tests, `--root`).
    #[must_use]
    pub(crate) fn with_running(mut self, kernel: Option<KernelRelease>, machine: Option<Arch>) -> Self {
        self.running = kernel;
        self.machine = machine;
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether this is the root that this process lives in.
    pub(crate) fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where an absolute path of that root lies here. Symlinks of another root are followed inside it.
    pub(crate) fn path(&self, absolute: impl AsRef<Path>) -> PathBuf {
        fs::opened(&self.root, absolute.as_ref())
    }

    /// What a process inside the root calls an opened path: the opposite of [`System::path`].
    pub(crate) fn inside(&self, opened: &Path) -> PathBuf {
        opened.strip_prefix(&self.root).map_or_else(|_| opened.to_path_buf(), |rest| Path::new("/").join(rest))
    }

    /// A program that runs inside this root, in `folder` (an opened path), with an environment that is made for it: directly
    /// on the live system, else through chroot(8), so that a foreign root's own compilers and scripts serve it.
    pub(crate) fn command(&self, folder: &Path, program: impl AsRef<OsStr>) -> Command {
        self.command_in(&self.made(), folder, program)
    }

    /// The same in exactly this environment.
    pub(crate) fn command_in(&self, environment: &Environment, folder: &Path, program: impl AsRef<OsStr>) -> Command {
        let command = if self.is_live() {
            Command::new(program).current_dir(folder)
        } else {
            let enter = ["/bin/sh", "-c", r#"cd "$1" && shift && exec "$@""#, "sh"];
            Command::new("chroot").inside(self.seat()).args(enter).arg(self.inside(folder)).arg(program)
        };
        given(command, environment)
    }

    /// A program of this machine, outside any other root, with an environment that is made for it.
    pub(crate) fn here(&self, program: impl AsRef<OsStr>) -> Command {
        given(Command::new(program), &self.made())
    }

    pub(crate) fn made(&self) -> Environment {
        environment::made(&self.environment, Whom::Script, &self.passing)
    }

    /// The same in a room of this root, if there is one.
    pub(crate) fn command_in_room(
        &self,
        room: Option<&room::Room>,
        environment: &Environment,
        folder: &Path,
        program: impl AsRef<OsStr>,
    ) -> Command {
        let Some(room) = room else { return self.command_in(environment, folder, program) };
        let room = room::Room { root: self.seat().to_path_buf(), folder: self.inside(folder), ..room.clone() };
        given(Command::new(program), environment).room(room)
    }

    /// A variable of the caller's environment; an empty one counts as unset.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn environment(&self) -> &BTreeMap<OsString, OsString> {
        &self.environment
    }

    /// Which distribution this root is, read once. None when it does not say.
    pub(crate) fn os_release(&self) -> Option<&OsRelease> {
        self.os_release.get_or_init(|| OsRelease::read(self)).as_ref()
    }

    /// Whether this process may do what only root may.
    pub(crate) fn is_superuser(&self) -> bool {
        self.effective_uid == 0
    }

    /// `uname -r`.
    pub(crate) fn running_kernel(&self) -> Option<&KernelRelease> {
        self.running.as_ref()
    }

    /// `uname -m`.
    pub(crate) fn machine(&self) -> Option<&Arch> {
        self.machine.as_ref()
    }

    /// Runs a program to its end. A program that ends with a code is no error; one that cannot be started is.
    pub(crate) fn run(&self, command: &Command) -> Result<Finished, RunError> {
        if let Some(why) = self.unfurnished.as_deref().filter(|_| command.is_inside()) {
            let program = command.program().to_string_lossy().into_owned();
            return Err(RunError { program, source: std::io::Error::other(why) });
        }
        self.runner.run(command)
    }

    /// Whether a process inside this root would find a program, by PATH or by its absolute name.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        self.program_inside(name).is_some()
    }

    /// The file that it would find, as this process opens it.
    pub(crate) fn program_inside(&self, name: &str) -> Option<PathBuf> {
        let seat = self.seat();
        let file = |file: &Path| fs::resolve(seat, &fs::opened(seat, file)).filter(|file| fs::is_executable(file));
        if name.contains('/') {
            return file(Path::new(name));
        }
        let path = self.variable("PATH").map_or_else(|| OsString::from(DEFAULT_PATH), OsStr::to_owned);
        std::env::split_paths(&path).find_map(|folder| file(&folder.join(name)))
    }

    /// Where PATH finds a program, if anywhere.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variable("PATH").map_or_else(|| OsString::from(DEFAULT_PATH), OsStr::to_owned);
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| fs::is_executable(file))
    }
}

fn given(command: Command, environment: &Environment) -> Command {
    environment.iter().fold(command.env_clear(), |command, (name, value)| command.env(name, value))
}

/// Seconds since 1970-01-01 UTC; 0 for a clock that stands before.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// This process' standard input. Only who was promised one may read it.
pub(crate) fn standard_input() -> impl std::io::BufRead {
    std::io::stdin().lock()
}

/// How many processors this process may use. Asked for once: the answer takes a dozen system calls.
pub(crate) fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}
