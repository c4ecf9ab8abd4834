//! The program as its callers see it: exit codes, lines, what is on disk afterwards.

mod adopted;
mod archives;
mod completions;
mod conf;
mod damaged;
mod dependants;
mod environment;
mod exit_codes;
mod failures;
mod finished;
mod fsck;
mod initramfs;
mod installed;
mod interrupted;
mod jobs;
mod json;
mod killed;
mod old_trees;
mod operands;
mod options;
mod pending;
mod policy;
mod reconcile;
mod root;
mod several;
mod sources;
