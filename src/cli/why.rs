//! `dkms why`: the whole story of a module on a kernel. Changes nothing, waits for nobody.

use crate::engine::app::App;
use crate::engine::{document, failures, story};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::request::Request;
use crate::step::Policy;

use super::legacy::Typed;
use super::request;
use super::{known, operand};

fn unknown(app: &App, typed: &Typed) -> Error {
    let (name, version) = operand::parts(typed, typed.operand());
    let named = name.clone().into_iter().chain(version).collect::<Vec<_>>().join("/");
    let what = if named.is_empty() { "no module".to_owned() } else { format!("no module {named}") };
    let near = name.as_deref().and_then(|name| known::near(app, name));
    Error::new(Kind::NotInTree, format!("{what} is in the DKMS tree"))
        .hint(near.unwrap_or_else(|| "`dkms status` lists them".to_owned()))
}

/// Of all modules and kernels, or those that were named.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let within = request::within(app, typed)?;
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let wish = request::reconciliation(app, within.clone())?;
    let plan = app.plan(&Request { wish, policy: Policy::default() })?;
    let failures = failures::all(app.tree.layout());
    let stories = story::stories(app, &within, &plan, &failures, &modules);
    if stories.is_empty() && !modules.iter().any(|entry| within.has_module(&entry.id)) {
        return Err(unknown(app, typed));
    }
    if typed.json {
        app.reporter.document(document::why(&stories)?);
    } else {
        stories.iter().for_each(|story| app.reporter.answer(story.to_string()));
    }
    Ok(())
}
