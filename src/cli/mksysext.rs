//! `dkms mksysext -k KERNEL`: the modules of a kernel as an extension of a /usr that cannot be written.

use std::path::Path;

use crate::archive::output::Existing;
use crate::engine::app::App;
use crate::engine::sysext::{self, Asked};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::report::human::{Human, Loudness, Notes};

use super::known::Among;
use super::legacy::Typed;
use super::{operand, targets};

pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    if !app.system.is_superuser() {
        return Err(Error::new(Kind::NotRoot, "mksysext needs root").hint("run the command as root"));
    }
    let target = targets::single(typed, app, "mksysext")?;
    let is_one = typed.operand().is_some() || typed.module().is_some();
    let module = is_one.then(|| operand::named(app, typed, typed.operand(), Among::Registered)).transpose()?;
    let existing = if typed.force { Existing::Replace } else { Existing::Keep };
    let asked = Asked { target, module, output: typed.output.clone(), jobs: typed.jobs, existing };
    let made = sysext::make(app, &asked)?;
    let modules: Vec<String> = made.modules.iter().map(ToString::to_string).collect();
    let name = made.output.file_name().unwrap_or_default().to_string_lossy().into_owned();
    app.reporter.answer(format!(
        "{}: {} for kernel {}",
        made.output.display(),
        modules.join(", "),
        asked.target.kernel
    ));
    app.reporter.note(format!("put it there as /var/lib/extensions/{name}; `systemd-sysext refresh` brings it in"));
    Ok(())
}

/// What the process does that the first one starts.
pub(crate) fn inside(words: &[String]) -> u8 {
    super::in_folder(words, work)
}

fn work(folder: &Path) -> Result<()> {
    let job = sysext::inside::job(folder)?;
    let typed = Typed::on(&job.ground);
    let app = super::open(&typed, Human::new(Loudness::Normal, Notes::Stderr))?;
    sysext::inside::run(app, &job, folder)
}
