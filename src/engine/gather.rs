//! The disk as a plan sees it: looked at without the lock first, then under it, once what dead runs left is at its end.

use crate::error::{Error, Result};
use crate::plan;
use crate::report::Reporter;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::step::{Outcome, Switch};
use crate::tree::lock::Mark;
use crate::tree::{TreeLock, building};

use crate::engine::app::App;
use crate::engine::{leavers, work};

pub(crate) fn snapshot(app: &App, request: &Request) -> Result<Snapshot> {
    Snapshot::take(&app.view(&request.policy.inputs), &request.interest())
        .map_err(|error| Error::io("cannot read the DKMS tree", error))
}

/// What was seen before the lock was taken.
pub(crate) struct Seen {
    pub(crate) snapshot: Snapshot,
    /// Tells whether somebody else held the lock since.
    mark: Mark,
}

/// A look without the lock. None where it would be of no use: a dead run may have left something, or the request has a
/// note to keep whatever the disk says.
pub(crate) fn look(app: &App, request: &Request) -> Result<Option<Seen>> {
    let layout = app.tree.layout();
    if request.policy.has(Switch::RpmSafeUpgrade) || TreeLock::was_abandoned(layout) || building::was_left(layout) {
        return Ok(None);
    }
    let mark = Mark::of(layout);
    Ok(Some(Seen { snapshot: snapshot(app, request)?, mark }))
}

/// A sound tree and how it looks. What was seen before serves as long as nobody has changed anything since: neither another
/// dkms nor what is mended here.
pub(crate) fn sound(app: &App, request: &Request, lock: &TreeLock, seen: Option<Seen>) -> Result<Snapshot> {
    let is_mended = clear_up(app, lock)?;
    let still = seen.filter(|seen| !is_mended && lock.follows(&seen.mark));
    let found = match still {
        Some(seen) => seen.snapshot,
        None => snapshot(app, request)?,
    };
    if complete(app, request, &found, lock)? {
        // What is completed leaves notes about things that are no more.
        clear_up(app, lock)?;
        return snapshot(app, request);
    }
    Ok(found)
}

/// Brings what a dead run left half done to an end.
pub(crate) fn recover(app: &App, lock: &TreeLock) -> Result<()> {
    let nothing = Request::nothing();
    clear_up(app, lock)?;
    if complete(app, &nothing, &snapshot(app, &nothing)?, lock)? {
        clear_up(app, lock)?;
    }
    Ok(())
}

/// Removes and puts back files; says whether there were any.
fn clear_up(app: &App, lock: &TreeLock) -> Result<bool> {
    let cleared = lock.writer().recover().map_err(|error| Error::io("cannot clear up after an earlier run", error))?;
    for path in &cleared {
        let why = "an interrupted run left it, or it is of no use any more";
        app.reporter.detail(format!("removed {}: {why}", path.display()));
    }
    Ok(!cleared.is_empty())
}

/// Carries out what was begun; says whether there was anything.
fn complete(app: &App, request: &Request, snapshot: &Snapshot, lock: &TreeLock) -> Result<bool> {
    let plan = plan::interrupted::complete(snapshot);
    for step in &plan.steps {
        app.reporter.note(format!("{}: {}", step.module, step.why));
    }
    let outcomes = work::carry_out(app, &plan, &request.policy, lock);
    leavers::forget_leavers(&plan, &outcomes, &request.wish, lock)?;
    for (_, outcome) in outcomes {
        if let Outcome::Failed(error) | Outcome::Refused(error) = outcome {
            app.reporter.warn(error.to_string());
        }
    }
    Ok(!plan.steps.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::conf::Framework;
    use crate::report::human::{Human, Loudness, Notes};
    use crate::sys::System;

    #[test]
    fn what_was_seen_serves_until_somebody_else_has_held_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let (framework, _) = Framework::read(&system);
        let app = App::new(system, framework, Human::new(Loudness::Nothing, Notes::Stdout));
        drop(app.lock().unwrap());
        let register = |name: &str| {
            let version = app.tree.layout().tree().join(name).join("1");
            fs_err::create_dir_all(&version).unwrap();
            fs_err::os::unix::fs::symlink("/nowhere", version.join("source")).unwrap();
        };
        let request = Request::nothing();
        let known = |between: &dyn Fn()| {
            std::thread::sleep(Duration::from_millis(60));
            let seen = look(&app, &request).unwrap();
            between();
            let lock = app.lock().unwrap();
            sound(&app, &request, &lock, seen).unwrap().modules.len()
        };
        assert_eq!(known(&|| register("a")), 0, "seen once, before it came");
        assert_eq!(known(&|| {}), 1);
        let other = || {
            let lock = app.lock().unwrap();
            register("b");
            drop(lock);
        };
        assert_eq!(known(&other), 2, "looked at again");
    }
}
