//! The one integration binary: each module below is a subject, each file a behaviour.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so")]
#![allow(unreachable_pub, reason = "nothing of a test is reached from outside")]

mod cli;
mod crates;
mod events;
mod flow;
mod licences;
mod package;
mod papers;
mod sandbox;
