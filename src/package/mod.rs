//! Packages of module sources: archives and folders in, RPM and Debian packages out. Knows nothing of the DKMS tree.

pub mod archive;
