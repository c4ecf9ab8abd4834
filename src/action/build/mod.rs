//! Building.
mod certificate;
mod chroot;
mod compress;
pub mod keys;
mod log;
mod make;
//mod patch;
mod shell;
mod sign;
