//! From a wish and a snapshot of the disk to steps, each with its reason, and omissions with theirs. Pure: what is not in
//! the snapshot does not exist here.

pub mod adoption;
pub mod arrival;
pub mod autoinstall;
pub mod dependants;
pub mod graph;
pub mod initramfs;
pub mod interrupted;
pub mod lifecycle;
pub mod reconcile;
pub mod refusal;
pub mod repair;
pub mod tarball;
pub mod unmake;
pub mod waiting;
mod weak;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
