//! framework.conf and framework.conf.d: settings of this machine, each with the place it came from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::sys::System;

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The built-in default.
    Default,
    /// A file, with the line from 1 if known.
    File(PathBuf, Option<usize>),
    /// An environment variable.
    Environment,
    /// The command line.
    CommandLine,
}

/// `try_sign_modules`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrySign {
    /// Always.
    Yes,
    /// Never.
    No,
    /// Unless the process runs in a chroot (the default).
    #[default]
    NotInChroot,
}

/// The settings. Paths are those of the root (without it in front).
#[derive(Debug, Clone)]
pub struct Framework {
    /// `source_tree`, default /usr/src
    pub source_tree: PathBuf,
    /// `dkms_tree`, default /var/lib/dkms
    pub dkms_tree: PathBuf,
    /// `install_tree`, default /lib/modules
    pub install_tree: PathBuf,
    /// `tmp_location`, default $TMPDIR or /tmp
    pub tmp_location: PathBuf,
    /// Yes/no settings: verbose, symlink_modules, autoinstall_all_kernels, modprobe_on_install, continue_on_error.
    pub switches: BTreeMap<&'static str, bool>,
    /// `parallel_jobs`, also from the environment; None: the number of processors.
    pub parallel_jobs: Option<usize>,
    /// `compress_gzip_opts`, `compress_xz_opts`, `compress_zstd_opts` when set to other than the default.
    pub compress_options: BTreeMap<&'static str, String>,
    /// `build_environment`
    pub build_environment: Option<PathBuf>,
    /// `try_sign_modules`
    pub try_sign: TrySign,
    /// `post_transaction`
    pub post_transaction: Option<String>,
    /// `sign_file` ($kernelver not yet expanded)
    pub sign_file: Option<String>,
    /// `mok_signing_key` ($kernelver not yet expanded)
    pub mok_signing_key: Option<String>,
    /// `mok_certificate` ($kernelver not yet expanded)
    pub mok_certificate: Option<String>,
    /// Where each setting that is not a default came from.
    pub origins: BTreeMap<&'static str, Origin>,
}

impl Framework {
    /// Reads the files of that root. Unknown names are ignored; an unreadable or malformed file is a warning in the
    /// returned list, and its readable settings count.
    pub fn read(_system: &System) -> (Self, Vec<String>) {
        todo!()
    }
}
