//! From a wish and a snapshot of the disk to steps, each with its reason, and omissions with theirs. Pure: what is not in
//! the snapshot does not exist here.

pub(crate) mod adoption;
pub(crate) mod arrival;
pub(crate) mod autoinstall;
pub(crate) mod dependants;
pub(crate) mod graph;
pub(crate) mod initramfs;
pub(crate) mod interrupted;
pub(crate) mod lifecycle;
mod prebuilt;
pub(crate) mod reconcile;
pub(crate) mod refusal;
pub(crate) mod repair;
mod rivals;
pub(crate) mod succession;
pub(crate) mod tarball;
pub(crate) mod trial;
pub(crate) mod unmake;
pub(crate) mod waiting;
mod weak;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
