//! Runs a plan: a pool of workers over the dependency graph, one outcome per step.

pub mod add;
pub mod build;
pub mod hook;
pub mod install;
pub mod jobs;
pub mod post_transaction;
pub mod remove;

use crate::conf::Framework;
use crate::report::Reporter;
use crate::step::{Outcome, Plan, Policy, StepId};
use crate::sys::System;
use crate::tree::{Tree, TreeLock};

/// What every action has at hand.
pub struct Context<'a> {
    /// Processes, files, environment.
    pub system: &'a System,
    /// The settings.
    pub framework: &'a Framework,
    /// The tree, for reading.
    pub tree: &'a Tree,
    /// The lock, which gives the writer.
    pub lock: &'a TreeLock,
    /// Who tells the user.
    pub reporter: &'a dyn Reporter,
    /// How the work is to be done.
    pub policy: &'a Policy,
}

/// Carries out every step whose predecessors ended well, several at once where the plan lets them (the outcomes come in
/// the plan's order). One depmod per kernel at the end of the installs and uninstalls that asked for it.
pub fn run(_plan: &Plan, _context: &Context<'_>) -> Vec<(StepId, Outcome)> {
    todo!()
}
