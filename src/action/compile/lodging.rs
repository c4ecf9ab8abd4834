//! The room of one build: found by trying, furnished, and given back.

use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::action::compile::environment::Environment;
use crate::action::compile::exceptions::{self, Needs};
use crate::action::compile::prepared::Prepared;
use crate::action::compile::view;
use crate::conf::framework::Origin;
use crate::conf::room::{RoomSettings, Wish};
use crate::conf::seen;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::journal::{self, Gravity};
use crate::sys::room::user::User;
use crate::sys::room::{Level, Network, Room, SCRATCH, Uts, level, owned};
use crate::sys::scratch;

/// Files can be made where a build makes them, and programs be run.
const TRIAL: &str = r#"t=${TMPDIR-/tmp}/.room$$; : >"$t" && : >.room && rm "$t" .room && exec uname -r"#;

/// Who the commands of a build are, and where they run.
pub(crate) struct Lodging<'a> {
    context: &'a Context<'a>,
    /// The build folder (opened).
    folder: PathBuf,
    /// None: they run as we do.
    let_to: Option<Tenancy>,
    /// Holds a `uname` that tells the kernel that is built for, where the room itself cannot.
    names: Option<tempfile::TempDir>,
    exception: Option<Needs>,
}

struct Tenancy {
    room: Room,
    user: User,
    temporary: Option<tempfile::TempDir>,
}

impl<'a> Lodging<'a> {
    /// Finds the strongest room that can be entered from this build folder, which is complete, and gives the folder to its
    /// user.
    ///
    /// # Errors
    ///
    /// [`Kind::NoRoom`]: framework.conf demands one that cannot be had.
    pub(super) fn open(
        context: &'a Context<'a>,
        module: &Prepared<'_>,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self> {
        let (settings, warnings) = context.framework.room.of_module(context.system, module.id);
        warnings.into_iter().for_each(|warning| context.reporter.warn(warning));
        let exception = exceptions::of(&module.id.name);
        let mut lodging = Self {
            context,
            folder: folder.to_path_buf(),
            let_to: None,
            names: None,
            exception: exception.map(|e| e.needs),
        };
        let levels = levels(&settings, exception.map(|exception| exception.needs));
        if let Some(exception) = exception.filter(|_| settings.wish == Wish::Auto) {
            context.reporter.detail(format!("{} is built with an exception: {}", module.id, exception.why));
        }
        let why = lodging.find(module, &settings, environment, &levels);
        let level = lodging.level();
        match settings.wish {
            Wish::Only(wanted) if wanted != level => return Err(refusal(module, wanted, &why)),
            _ => lodging.tell(level, &why),
        }
        for folder in lodging.not_writable(&settings, environment) {
            let (level, folder) = (level.name(), folder.display());
            context.reporter.warn(format!(
                "room_writable names {folder}, which a build of {} may not write at level {level} all the same: \
                 it belongs to another user; `chmod 1777 {folder}` lets every user write there",
                module.id
            ));
        }
        if lodging.names_are_needed(module) {
            lodging.names = names(context, module).ok();
        }
        Ok(lodging)
    }

    /// Tries these levels; gives why those before the one that is left could not be had.
    fn find(
        &mut self,
        module: &Prepared<'_>,
        settings: &RoomSettings,
        environment: &Environment,
        levels: &[Level],
    ) -> String {
        if levels.is_empty() {
            return String::new();
        }
        let user = User::claim();
        if let Err(error) = owned::give(&self.folder, user.id()) {
            return format!("the build folder cannot be given to another user: {error}");
        }
        let temporary = temporary(self.context, &user);
        let mut why = Vec::new();
        for level in levels {
            let room = describe(self, module, settings, environment, (*level, &user, temporary.as_ref()));
            match self.try_out(&room, environment) {
                Ok(release) => {
                    let knows = room.target.as_ref().is_none_or(|target| release == target.release);
                    let target = room.target.clone().filter(|_| knows);
                    self.let_to = Some(Tenancy { room: Room { target, ..room }, user, temporary });
                    return why.join("; ");
                }
                Err(problem) => why.push(format!("{}: {problem}", level.name())),
            }
        }
        if let Err(error) = owned::take_away(&self.folder, user.id()) {
            why.push(error.to_string());
        }
        why.join("; ")
    }

    /// What `uname -r` says in this room, if it can be entered and its folder be written.
    fn try_out(&self, room: &Room, environment: &Environment) -> std::result::Result<String, String> {
        let system = self.context.system.tools();
        let command = system.command_in_room(Some(room), environment, &self.folder, "/bin/sh").args(["-c", TRIAL]);
        match system.run(&command.leashed(self.context.lock.leash())) {
            Ok(finished) if finished.success() => Ok(finished.text().trim().to_owned()),
            Ok(finished) => Err(format!("{} {}", finished.how(), finished.error_text())),
            Err(error) => Err(error.source.to_string()),
        }
    }

    /// The folders that the settings give and the room's user cannot write.
    fn not_writable(&self, settings: &RoomSettings, environment: &Environment) -> Vec<PathBuf> {
        let Some(room) = self.let_to.as_ref().map(|tenancy| &tenancy.room).filter(|_| !settings.writable.is_empty())
        else {
            return Vec::new();
        };
        let script = ["-c", r#"for f do [ ! -d "$f" ] || [ -w "$f" ] || printf '%s\n' "$f"; done"#, "sh"];
        let tools = self.context.system.tools();
        let command = tools.command_in_room(Some(room), environment, &self.folder, "/bin/sh");
        let command = command.args(script).args(settings.writable.iter());
        let told = tools.run(&command.leashed(self.context.lock.leash()));
        told.map(|told| told.text().lines().map(PathBuf::from).collect()).unwrap_or_default()
    }

    /// Once a run: to those who ask for details, and in the system's log.
    fn tell(&self, level: Level, why: &str) {
        let reason = if why.is_empty() { String::new() } else { format!(" ({why})") };
        let line = format!("what is built is built in a room of level {}{reason}", level.name());
        if !self.context.memo.is_news(&line) {
            return;
        }
        let fields = [("DKMS_ROOM", level.name().to_owned())];
        journal::log(self.context.system, self.context.reporter, Gravity::Info, &line, &fields);
        self.context.reporter.detail(line);
    }

    pub(super) fn level(&self) -> Level {
        self.let_to.as_ref().map_or(Level::None, |tenancy| tenancy.room.level)
    }

    pub(super) fn room(&self) -> Option<Room> {
        self.let_to.as_ref().map(|tenancy| tenancy.room.clone())
    }

    /// From now on what is written into these folders is seen in the room and nowhere else, and goes with it.
    ///
    /// # Errors
    ///
    /// Why that cannot be had here; all is as before then.
    pub(super) fn lay_over(
        &mut self,
        folders: &[PathBuf],
        environment: &Environment,
    ) -> std::result::Result<(), String> {
        let Some(room) = self.room().filter(|room| room.level == Level::Full) else {
            return Err(format!("a room of level {} has none", self.level().name()));
        };
        let room = Room { layered: folders.to_vec(), ..room };
        self.try_out(&room, environment)?;
        self.let_to = self.let_to.take().map(|tenancy| Tenancy { room, ..tenancy });
        Ok(())
    }

    /// The room of POST_BUILD.
    pub(super) fn room_afterwards(&self) -> Option<Room> {
        self.room().filter(|_| self.exception != Some(Needs::RootAfterwards))
    }

    /// Whose files the commands leave; none where they run as we do.
    pub(super) fn user(&self) -> Option<u32> {
        self.let_to.as_ref().map(|tenancy| tenancy.user.id())
    }

    /// Tells commands where they are.
    pub(super) fn furnish(&self, environment: &mut Environment) {
        if let Some(tenancy) = &self.let_to {
            let own = [("HOME", "/tmp"), ("USER", "dkms-build"), ("LOGNAME", "dkms-build")];
            environment.extend(own.map(|(name, value)| (name.into(), value.into())));
            if let Some(folder) = &tenancy.temporary {
                environment.insert("TMPDIR".into(), self.context.system.inside(folder.path()).into());
            }
        }
        if let Some(folder) = &self.names {
            let folder = self.context.system.inside(folder.path());
            let path = environment.get(std::ffi::OsStr::new("PATH")).cloned().unwrap_or_default();
            let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
            if let Ok(path) = std::env::join_paths(folders) {
                environment.insert("PATH".into(), path);
            }
        }
    }

    fn names_are_needed(&self, module: &Prepared<'_>) -> bool {
        let is_running = self.context.system.running_kernel() == Some(&module.target.kernel);
        let knows = self.let_to.as_ref().is_some_and(|tenancy| tenancy.room.target.is_some());
        !is_running && !knows
    }
}

impl Drop for Lodging<'_> {
    /// What is left of the build folder is root's again.
    fn drop(&mut self) {
        let Some(user) = self.user() else { return };
        let shared = SCRATCH.map(|folder| self.context.system.path(folder));
        let swept = if self.level() == Level::Full { Ok(()) } else { owned::sweep(&shared, user) };
        let taken = if self.folder.is_dir() { owned::take_away(&self.folder, user) } else { Ok(()) };
        if let Err(error) = swept.and(taken) {
            self.context.reporter.warn(format!("something that the build left keeps its owner: {error}"));
        }
    }
}

fn levels(settings: &RoomSettings, needs: Option<Needs>) -> Vec<Level> {
    let found = level::found();
    match settings.wish {
        Wish::Auto if needs == Some(Needs::Root) => Vec::new(),
        Wish::Auto => [Level::Full, Level::User].into_iter().filter(|level| *level >= found).collect(),
        Wish::Only(Level::None) => Vec::new(),
        Wish::Only(level) => vec![level],
    }
}

fn refusal(module: &Prepared<'_>, wanted: Level, why: &str) -> Error {
    let text = format!("{} is not built: a room of level {} cannot be had here: {why}", module.id, wanted.name());
    Error::new(Kind::NoRoom, text).hint(format!(
        "framework.conf or /etc/dkms/{}.conf demands it; `room=auto` takes the strongest that this machine allows",
        module.id.name
    ))
}

/// A folder for temporary files of this user, where the settings name a place for them.
fn temporary(context: &Context<'_>, user: &User) -> Option<tempfile::TempDir> {
    let is_set = matches!(context.framework.origins.get("tmp_location"), Some(Origin::File(..)));
    let folder = is_set.then(|| scratch::make(&context.system.path(&context.framework.tmp_location)))?.ok()?;
    owned::give(folder.path(), user.id()).ok()?;
    Some(folder)
}

fn describe(
    lodging: &Lodging<'_>,
    module: &Prepared<'_>,
    settings: &RoomSettings,
    environment: &Environment,
    (level, user, temporary): (Level, &User, Option<&tempfile::TempDir>),
) -> Room {
    let context = lodging.context;
    let inside = |path: &Path| context.system.inside(path);
    let own = [Some(lodging.folder.as_path()), temporary.map(tempfile::TempDir::path)];
    let is_running = context.system.running_kernel() == Some(&module.target.kernel);
    let network = if lodging.exception == Some(Needs::Network) { Network::Host } else { settings.network };
    Room {
        folder: inside(&lodging.folder),
        writable: own.into_iter().flatten().map(inside).collect(),
        lent: settings.writable.clone(),
        readable: view::readable(context, module, environment),
        hidden: seen::hidden(context.system, context.framework, module.target.kernel.as_str(), network),
        emptied: seen::EMPTIED.map(PathBuf::from).to_vec(),
        again: match lodging.exception {
            Some(Needs::BuildInSource) => vec![(inside(&lodging.folder), inside(&module.source))],
            _ => Vec::new(),
        },
        network,
        target: (!is_running).then(|| Uts { release: module.target.kernel.to_string(), version: None }),
        limits: settings.limits,
        ..Room::bare(level, context.system.root(), user.id())
    }
}

/// A folder with a `uname` that says the target where the real one says the running kernel.
fn names(context: &Context<'_>, module: &Prepared<'_>) -> std::io::Result<tempfile::TempDir> {
    let no_name = || std::io::Error::other("the running kernel has no name");
    let running = context.system.running_kernel().ok_or_else(no_name)?.to_string().replace('.', "\\.");
    let folder = scratch::make(&context.system.path("/tmp"))?;
    let script = format!(
        "#!/bin/sh\n# Tells the kernel that a module is built for.\n\
         PATH=/usr/sbin:/usr/bin:/sbin:/bin\ncommand uname \"$@\" | sed 's/{running}/{}/'\n",
        module.target.kernel
    );
    let file = folder.path().join("uname");
    fs_err::write(&file, script)?;
    for path in [folder.path(), &file] {
        fs_err::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    }
    Ok(folder)
}
