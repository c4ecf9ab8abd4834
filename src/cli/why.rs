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

/// Of all modules and kernels, or those that were named.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let within = request::within(app, typed)?;
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let wish = request::reconciliation(app, within.clone())?;
    let plan = app.plan(&Request { wish, policy: Policy::default() })?;
    let failures = failures::all(app.tree.layout());
    let stories = story::stories(app, &within, &plan, &failures, &modules);
    if stories.is_empty() && !modules.iter().any(|entry| within.has_module(&entry.id)) {
        return Err(Error::new(Kind::NotInTree, "no such module is in the DKMS tree").hint("`dkms status` lists them"));
    }
    if typed.json {
        app.reporter.answer(document::why(&stories)?);
    } else {
        stories.iter().for_each(|story| app.reporter.answer(story.to_string()));
    }
    Ok(())
}
