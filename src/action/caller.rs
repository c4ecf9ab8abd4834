//! A dkms that a hook script calls works under its caller's lock. What the caller is in the middle of is not for it to
//! touch: it would pull the build folder or the files from under the caller's feet.

use std::ffi::OsString;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::step::{Operation, Step};
use crate::sys::System;
use crate::tree::TreeLock;

/// Environment variable with what the callers are at, outermost first: `NAME/VERSION,KVER,ARCH`, separated by blanks
/// (names hold neither commas nor blanks).
const VARIABLE: &str = "DKMS_STEP";

/// What a script finds in its environment so that a dkms below it knows what this one is at.
pub(super) fn mark(system: &System, id: &ModuleId, target: &Target) -> (&'static str, OsString) {
    let mut steps = system.variable(VARIABLE).unwrap_or_default().to_owned();
    if !steps.is_empty() {
        steps.push(" ");
    }
    steps.push(word(id, target));
    (VARIABLE, steps)
}

/// Refuses a step on the module and kernel that a caller is at. Without the caller's lock the variable says nothing.
pub(super) fn refuse(system: &System, lock: &TreeLock, step: &Step) -> Result<()> {
    let steps = system.variable(VARIABLE).filter(|_| lock.is_nested()).unwrap_or_default().to_string_lossy();
    let is_same = |at: &&str| match &step.target {
        Some(target) => **at == word(&step.module, target),
        None => step.operation == Operation::Forget && at.split(',').next() == Some(&step.module.to_string()),
    };
    let Some(at) = steps.split_whitespace().find(is_same) else { return Ok(()) };
    let at = at.replacen(',', " for ", 1).replacen(',', " (", 1) + ")";
    let message =
        format!("cannot {} {}: the dkms that runs this script is at {at}", step.operation.verb(), step.module);
    Err(Error::new(Kind::LockTimeout, message).hint("let the script leave its own module to the dkms that calls it"))
}

fn word(id: &ModuleId, target: &Target) -> String {
    format!("{id},{},{}", target.kernel, target.arch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion};
    use crate::step::Plan;

    fn id(name: &str) -> ModuleId {
        ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1").unwrap())
    }

    fn target(kernel: &str) -> Target {
        Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap())
    }

    #[test]
    fn what_any_caller_is_at_is_refused_and_everything_else_is_not() {
        let top = tempfile::tempdir().unwrap();
        let layout = crate::tree::Layout::new(top.path(), "/d".as_ref(), "/s".as_ref(), "/m".as_ref());
        let lock = TreeLock::acquire(&layout, std::time::Duration::from_secs(10), None, &mut |_| {}).unwrap();
        let outer = System::host().with_environment([mark(&bare(), &id("a"), &target("6.1"))].map(owned).into());
        let inner = outer.clone().with_environment([mark(&outer, &id("b"), &target("6.2"))].map(owned).into());
        let refused = |system: &System, lock: &TreeLock, name: &str, kernel: Option<&str>, operation: Operation| {
            let mut plan = Plan::default();
            plan.push(id(name), kernel.map(target), operation, "", Vec::new());
            refuse(system, lock, &plan.steps[0]).is_err()
        };
        let nested = lock.nested_for_tests();
        for (name, kernel, operation, expected) in [
            ("a", Some("6.1"), Operation::Unbuild, true),
            ("b", Some("6.2"), Operation::Build, true),
            ("a", None, Operation::Forget, true),
            ("a", Some("6.2"), Operation::Build, false),
            ("b", Some("6.1"), Operation::Install, false),
            ("c", None, Operation::Forget, false),
        ] {
            assert_eq!(refused(&inner, &nested, name, kernel, operation.clone()), expected, "{name} {kernel:?}");
            assert!(!refused(&inner, &lock, name, kernel, operation), "under a lock of its own");
        }
        assert!(!refused(&bare(), &nested, "a", Some("6.1"), Operation::Build));
    }

    fn bare() -> System {
        System::host().with_environment(std::collections::BTreeMap::new())
    }

    fn owned((name, value): (&'static str, OsString)) -> (OsString, OsString) {
        (name.into(), value)
    }
}
