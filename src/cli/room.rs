//! `dkms room NAME/VERSION [-k KERNEL] [-- COMMAND...]`: the room of a build, for a person who looks for a fault there.

use std::io::IsTerminal;

use crate::action::{self, compile};
use crate::engine::app::App;
use crate::engine::gather;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::step::Policy;

use super::known::Among;
use super::legacy::Typed;
use super::request::inputs;
use super::{operand, targets};

/// Opens the build folder as make finds it, and a shell or a command in its room. Nothing of it stays.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    if !app.system.is_superuser() {
        return Err(Error::new(Kind::NotRoot, "room needs root").hint("run the command as root"));
    }
    let target = targets::single(typed, app, "room")?;
    let id = operand::named(app, typed, typed.operand(), Among::Registered)?;
    let command = if typed.module().is_some() { &typed.words[..] } else { typed.words.get(1..).unwrap_or_default() };
    if command.is_empty() && !std::io::stdin().is_terminal() {
        return Err(Error::new(Kind::Usage, "a shell needs a terminal, and standard input is none")
            .hint(format!("name a command instead: `dkms room {id} -k {} -- make V=1`", target.kernel)));
    }
    let lock = app.lock()?;
    gather::recover(app, &lock)?;
    let policy = Policy { inputs: inputs(app, typed), jobs: typed.jobs, ..Policy::default() };
    let context = action::Context {
        system: &app.system,
        framework: &app.framework,
        tree: &app.tree,
        lock: &lock,
        reporter: &app.reporter,
        policy: &policy,
        memo: action::Memo::default(),
    };
    match compile::visit(&context, &id, &target, command)? {
        0 => Ok(()),
        code => Err(Error::new(Kind::Script(code), format!("the command ended with exit code {code}"))),
    }
}
