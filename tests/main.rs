//! The one integration binary: each module below is a subject, each file a behaviour.

mod cli;
mod flow;
mod package;
mod sandbox;
