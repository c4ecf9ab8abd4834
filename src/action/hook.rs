//! Hook scripts of a module: POST_ADD, PRE_INSTALL, POST_INSTALL and POST_REMOVE, and where any script is looked for.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::action::{Context, caller};
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::step::Switch;
use crate::sys::{self, Output, System};
use crate::tree::TreeLock;

/// A hook whose output is ours and whose command is split into words, without a shell. PRE_BUILD and POST_BUILD are
/// not among them: they belong to the build, which runs them with bash and keeps their output in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    /// After the module was registered.
    PostAdd,
    /// Before its files go under the kernel.
    PreInstall,
    PostInstall,
    /// After they were taken out.
    PostRemove,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hook::PostAdd => "POST_ADD",
            Hook::PreInstall => "PRE_INSTALL",
            Hook::PostInstall => "POST_INSTALL",
            Hook::PostRemove => "POST_REMOVE",
        })
    }
}

/// How a hook ended. What a failure means is for the action that asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookEnd {
    /// It ended with code 0, or there was nothing that could be run (which was told as a warning).
    Done,
    /// It ended with this code (128 + n for a signal).
    Failed(u8),
}

impl HookEnd {
    /// An error that ends the action with the script's own code; nothing when the script did well.
    pub(crate) fn into_result(self, hook: Hook, id: &ModuleId) -> Result<()> {
        match self {
            HookEnd::Done => Ok(()),
            HookEnd::Failed(code) => {
                Err(Error::new(Kind::Script(code), format!("the {hook} script of {id} ended with code {code}")))
            }
        }
    }
}

/// Runs a hook in `folder`, the module's source (an opened path), with our own standard output and error.
///
/// `command` is the script, relative to the source, and its arguments; an executable `/etc/dkms/NAME/SCRIPT` takes the
/// script's place. With a target, the script finds `module`, `module_version`, `kernelver` and `arch` in its
/// environment. A script that is missing or not executable is a warning and counts as done.
///
/// # Errors
///
/// The script's path leads out of the source, or it is there but could not be started.
pub(crate) fn run(
    context: &Context<'_>,
    hook: Hook,
    id: &ModuleId,
    target: Option<&Target>,
    command: &str,
    folder: &Path,
) -> Result<HookEnd> {
    stays_inside(&hook.to_string(), id, command)?;
    if context.policy.has(Switch::WithoutScripts) {
        context.reporter.note(format!("the {hook} script of {id} is not run: {command}"));
        return Ok(HookEnd::Done);
    }
    let Some(Invocation { script, arguments }) = find(context.system, &id.name, command, folder) else {
        context.reporter.warn(not_executable(&hook.to_string(), id, command, folder));
        return Ok(HookEnd::Done);
    };
    let system = with_made_environment(context.system, context.framework);
    let mut child = system.command(folder, system.inside(&script)).args(arguments);
    for (name, value) in variables(context, id, target) {
        child = child.env(name, value);
    }
    context.reporter.detail(format!("running the {hook} script of {id}: {command}"));
    let finished = context.system.run(&child.output(Output::Inherit)).map_err(|error| {
        Error::new(Kind::Script(126), format!("the {hook} script of {id} could not be started")).caused_by(error)
    })?;
    Ok(if finished.success() { HookEnd::Done } else { HookEnd::Failed(finished.shell_code()) })
}

/// The system whose programs find what framework.conf lets pass.
pub(super) fn with_made_environment(system: &System, framework: &Framework) -> System {
    system.clone().with_passing(&framework.pass_environment)
}

/// A script that exists and may be executed, and the rest of its command line, split into words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The script (an opened path).
    pub(super) script: PathBuf,
    pub(super) arguments: Vec<String>,
}

/// Refuses a script whose path leads out of the source, as a patch's is.
pub(super) fn stays_inside(hook: &str, id: &ModuleId, command: &str) -> Result<()> {
    match path_of(command).filter(|script| leads_out(script)) {
        Some(script) => {
            let message = format!("the {hook} script `{script}` of {id} leads out of its source (its path holds `..`)");
            Err(Error::new(Kind::PatchMissing, message).hint("put the script into the source of the module"))
        }
        None => Ok(()),
    }
}

fn leads_out(script: &str) -> bool {
    Path::new(script).components().any(|part| part == Component::ParentDir)
}

/// The script that a hook command names. A leading slash means below the folder, too: scripts are relative to the source,
/// whatever they look like.
fn path_of(command: &str) -> Option<&str> {
    command.split_whitespace().next().map(|script| script.trim_start_matches('/'))
}

/// Where the script of a hook command lies: below /etc/dkms/NAME if it is executable there, else below `folder`.
pub(super) fn find(system: &System, name: &ModuleName, command: &str, folder: &Path) -> Option<Invocation> {
    let script = path_of(command).filter(|script| !leads_out(script))?;
    [system.path("/etc/dkms").join(name).join(script), folder.join(script)]
        .into_iter()
        .find(|file| sys::fs::is_executable(file))
        .map(|script| Invocation { script, arguments: command.split_whitespace().skip(1).map(str::to_owned).collect() })
}

/// The script of a hook command, as the command names it below the source, and where it lies now.
pub(crate) fn script(system: &System, name: &ModuleName, command: &str, folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let named = path_of(command)?;
    find(system, name, command, folder).map(|found| (PathBuf::from(named), found.script))
}

/// The warning for a script that cannot be run.
pub(super) fn not_executable(hook: &str, id: &ModuleId, command: &str, folder: &Path) -> String {
    let script = path_of(command).unwrap_or_default();
    let place = folder.join(script);
    let (what, hint) = match place.exists() {
        true => ("is not executable", format!("; `chmod +x` it in the source of {id}")),
        false => ("does not exist", String::new()),
    };
    format!("the {hook} script of {id} was not run: {script} {what}{hint}")
}

/// What a script finds in its environment besides ours: the lock holder, and the module and kernel it works on.
fn variables(context: &Context<'_>, id: &ModuleId, target: Option<&Target>) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![(TreeLock::TOKEN, OsString::from(context.lock.token()))];
    if let Some(target) = target {
        variables.push(caller::mark(context.system, id, target));
        variables.extend(identity(id, target));
    }
    variables
}

/// `module`, `module_version`, `kernelver` and `arch`.
pub(super) fn identity(id: &ModuleId, target: &Target) -> [(&'static str, OsString); 4] {
    let word = |value: &str| OsStr::new(value).to_owned();
    [
        ("module", word(id.name.as_str())),
        ("module_version", word(id.version.as_str())),
        ("kernelver", word(target.kernel.as_str())),
        ("arch", word(target.arch.as_str())),
    ]
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(file: &Path, mode: u32) {
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, "#!/bin/sh\n").unwrap();
        fs_err::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn an_executable_script_of_the_administrator_takes_the_place_of_the_sources() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let name = ModuleName::new("foo").unwrap();
        let source = root.path().join("usr/src/foo-1");
        script(&source.join("scripts/post.sh"), 0o755);
        let found = find(&system, &name, " scripts/post.sh  a  b ", &source).unwrap();
        assert_eq!(found.script, source.join("scripts/post.sh"));
        assert_eq!(found.arguments, ["a", "b"]);

        let ours = root.path().join("etc/dkms/foo/scripts/post.sh");
        script(&ours, 0o644);
        assert_eq!(find(&system, &name, "scripts/post.sh", &source).unwrap().script, source.join("scripts/post.sh"));
        script(&ours, 0o755);
        assert_eq!(find(&system, &name, "scripts/post.sh", &source).unwrap().script, ours);
    }

    #[test]
    fn a_script_that_cannot_be_run_is_named_with_its_reason() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let id = ModuleId::new(ModuleName::new("foo").unwrap(), crate::ids::ModuleVersion::new("1").unwrap());
        assert_eq!(find(&system, &id.name, "post.sh", root.path()), None);
        assert!(not_executable("POST_ADD", &id, "post.sh", root.path()).ends_with("post.sh does not exist"));
        script(&root.path().join("post.sh"), 0o600);
        assert_eq!(find(&system, &id.name, "post.sh x", root.path()), None);
        assert!(
            not_executable("POST_ADD", &id, "post.sh x", root.path()).contains("post.sh is not executable; `chmod +x`")
        );
    }

    #[test]
    fn a_script_outside_of_the_source_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let id = ModuleId::new(ModuleName::new("foo").unwrap(), crate::ids::ModuleVersion::new("1").unwrap());
        let source = root.path().join("usr/src/foo-1");
        fs_err::create_dir_all(source.join("sub")).unwrap();
        script(&root.path().join("usr/src/evil.sh"), 0o755);
        script(&source.join("a..b.sh"), 0o755);
        for (command, good) in [
            ("../evil.sh", false),
            ("/../evil.sh x", false),
            ("sub/../../evil.sh", false),
            ("a..b.sh ../x", true),
            ("", true),
        ] {
            assert_eq!(stays_inside("POST_ADD", &id, command).is_ok(), good, "{command}");
            assert!(good || find(&system, &id.name, command, &source).is_none(), "{command}");
        }
        let error = stays_inside("POST_ADD", &id, "../evil.sh").unwrap_err();
        assert_eq!((error.kind().code(), error.message().contains("POST_ADD script `../evil.sh`")), (5, true));
    }

    #[test]
    fn a_leading_slash_does_not_leave_the_source() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let name = ModuleName::new("foo").unwrap();
        assert_eq!(find(&system, &name, "/bin/sh", root.path()), None);
        script(&root.path().join("bin/sh"), 0o755);
        assert_eq!(find(&system, &name, "/bin/sh", root.path()).unwrap().script, root.path().join("bin/sh"));
    }
}
