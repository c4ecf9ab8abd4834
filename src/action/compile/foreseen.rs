//! A build that preflight saw fail is not compiled to fail again: the person at the package manager has waited for it once.

use crate::action::Context;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::recipe;
use crate::error::Error;
use crate::exit::Kind;
use crate::snapshot::absent;
use crate::step::Switch;
use crate::sys::interrupt;
use crate::tree::foreseen::{self, Foreseen};

const SEEN: &str = " (preflight saw it, and nothing has changed since: not compiled again)";

/// What this build would end with. Whatever is wrong with that: then it is built.
pub(super) fn take(context: &Context<'_>, module: &Prepared<'_>) -> Option<Error> {
    let (policy, writer) = (context.policy, context.lock.writer());
    if !policy.has(Switch::TrustPreflight) || policy.has(Switch::Force) {
        return None;
    }
    let (key, seen) = foreseen::known(writer.layout(), module.id, module.target)?;
    // The trial of a second preflight leaves it where it is.
    let is_trial = policy.has(Switch::KeepFailures);
    let is_it = recipe::key_of_failure(context, module)? == key && !absent::has_come(&seen.absent, context.system);
    let error = error(&seen, if is_trial { "" } else { SEEN }).filter(|_| is_it)?;
    let laid = writer.lay_foreseen_log(&key, &seen);
    // Whoever asks again wants it compiled.
    match laid.and_then(|()| if is_trial { Ok(()) } else { writer.forget_foreseen(&key) }) {
        Ok(()) => Some(error),
        Err(cause) => {
            context.reporter.warn(format!("what preflight saw of {} cannot be used: {cause}", module.id));
            None
        }
    }
}

fn error(seen: &Foreseen, more: &str) -> Option<Error> {
    let error = Error::new(Kind::named(&seen.case)?, format!("{}{more}", seen.message));
    let error = match seen.causes.as_slice() {
        [] => error,
        causes => error.caused_by(causes.join(": ")),
    };
    Some(seen.hints.iter().fold(error, Error::hint))
}

/// Preflight keeps how a build failed, where it would fail so at any time.
pub(super) fn keep(context: &Context<'_>, module: &Prepared<'_>, error: &Error) {
    let would_again = error.kind().is_of_the_source() && module.conf.build_depends.is_empty();
    if !context.policy.has(Switch::KeepFailures) || !would_again || interrupt::received().is_some() {
        return;
    }
    let Some(key) = recipe::key_of_failure(context, module) else { return };
    let seen = Foreseen {
        module: module.id.clone(),
        target: module.target.clone(),
        case: error.kind().name(),
        message: error.message().to_owned(),
        causes: error.causes(),
        hints: error.hints().to_vec(),
        absent: absent::named_in(&error.in_one_line(), context.system),
    };
    if let Err(error) = context.lock.writer().foresee(&key, &seen) {
        context.reporter.detail(format!("how {} failed is not kept: {error}", module.id));
    }
}
