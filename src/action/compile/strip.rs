//! Taking debug information out of a module: work for a parser of foreign bytes, so it is done where the build was.

use std::path::Path;

use crate::action::Context;
use crate::action::compile::lodging::Lodging;
use crate::sys::room::Room;
use crate::sys::room::owned::{self, Taken};

/// Strips a module. A copy is worked on, which takes its place when all went well.
pub(super) fn strip(
    context: &Context<'_>,
    program: &str,
    (build, lodging): (&Path, &Lodging<'_>),
    file: &Path,
) -> Result<(), String> {
    match (lodging.room(), lodging.user()) {
        (Some(room), Some(user)) => on_a_copy(file, |copy| apart(context, program, build, (room, user), copy)),
        _ => on_a_copy(file, |copy| run(context, program, None, copy)),
    }
}

/// Strips a file in a room that may write nothing but a folder with a copy of it.
fn apart(
    context: &Context<'_>,
    program: &str,
    build: &Path,
    (room, user): (Room, u32),
    file: &Path,
) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = tempfile::Builder::new().prefix(".strip_").tempdir_in(build).map_err(text)?;
    let copy = folder.path().join(file.file_name().unwrap_or_default());
    fs_err::copy(file, &copy).map_err(text)?;
    owned::give(folder.path(), user).map_err(text)?;
    let room =
        Room { writable: vec![context.system.inside(folder.path())], lent: Vec::new(), layered: Vec::new(), ..room };
    run(context, program, Some(&room), &copy)?;
    let taken = Taken::open(folder.path(), &copy, Some(user)).map_err(|refused| refused.to_string())?;
    taken.copy_to(file).map_err(text)
}

fn run(context: &Context<'_>, program: &str, room: Option<&Room>, file: &Path) -> Result<(), String> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let tools = context.system.tools();
    let command =
        tools.command_in_room(room, &context.system.made(), folder, program).arg("-g").arg(context.system.inside(file));
    match tools.run(&command) {
        Ok(finished) if finished.success() => Ok(()),
        Ok(finished) => Err(format!("`{program} -g` failed: {} {}", finished.how(), finished.error_text())),
        Err(error) => Err(format!("{error}: {}", error.source)),
    }
}

/// Lets a program change a copy of a module, which takes the module's place when it did well: what a program leaves of
/// a file when the disk is full must never be installed.
pub(super) fn on_a_copy(file: &Path, change: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = file.parent().unwrap_or(Path::new("/"));
    let scratch = tempfile::Builder::new().prefix(".tmp_").tempdir_in(folder).map_err(text)?;
    // The name stays: programs look at it.
    let copy = scratch.path().join(file.file_name().unwrap_or_default());
    fs_err::copy(file, &copy).map_err(text)?;
    change(&copy)?;
    fs_err::rename(&copy, file).map_err(text)
}
