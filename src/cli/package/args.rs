//! The arguments of `mkdeb`, `mkrpm` and their kin.

use std::path::PathBuf;

use clap::Args;

use crate::cli::common::{PlaceArgs, TellArgs};

/// About the package, and what goes into it
#[derive(Debug, Clone, Default, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct PackageArgs {
    /// A source archive (tar, also compressed, or zip), a folder, or MODULE/VERSION of the tree
    #[arg(value_name = "INPUT", required_unless_present_all = ["name", "module_version"])]
    pub(crate) input: Option<PathBuf>,
    /// Write to this file or folder [default: here]
    #[arg(long, short = 'o', value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a package file that exists
    #[arg(long)]
    pub(crate) force: bool,
    /// The module's name, unless dkms.conf says it
    #[arg(long = "name", short = 'm', alias = "module", value_name = "MODULE")]
    pub(crate) name: Option<String>,
    /// The module's version, unless dkms.conf says it
    #[arg(id = "module_version", long = "version", short = 'v', value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Take the version from the git tag that is checked out
    #[arg(long, conflicts_with = "module_version")]
    pub(crate) version_from_tag: bool,
    /// Package files, too, that git does not track
    #[arg(long, hide_short_help = true)]
    pub(crate) untracked: bool,
    /// The dkms.conf: a path in the source, or a file
    #[arg(short = 'c', long = "conf", value_name = "FILE")]
    pub(crate) conf: Option<PathBuf>,
    /// Package what is built, for machines without compilers:
    /// a package for each kernel
    #[arg(long, visible_alias = "binaries-only")]
    pub(crate) binaries: bool,
    /// With --binaries: a kernel, repeatable [default: all]
    #[arg(short = 'k', long = "kernelver", value_name = "KERNEL[/ARCH]", requires = "binaries")]
    pub(crate) kernels: Vec<String>,
    /// With --binaries: the kernel's architecture
    #[arg(short = 'a', value_name = "ARCH", requires = "kernels", hide_short_help = true)]
    pub(crate) arches: Vec<String>,
    /// With --binaries: a package besides, for each flavour of kernels, that needs the modules of the newest one
    #[arg(long, requires = "binaries", hide_short_help = true)]
    pub(crate) follow: bool,
    /// With --binaries: let it stand beside the package of the source, which builds what this one lacks
    ///
    /// On hosts with dkms-rs and prebuilt=repo; see framework.conf(5). Else the two conflict.
    #[arg(long, requires = "binaries", hide_short_help = true)]
    pub(crate) beside_source: bool,
    /// The package's name [default: MODULE-dkms]
    ///
    /// With --binaries the default is MODULE-modules-KERNEL, for RPM kmod-MODULE-KERNEL, or kmod-MODULE for a kABI stream.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) package_name: Option<String>,
    /// The package's version [default: made from the module's]
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    pub(crate) package_version: Option<String>,
    /// The epoch, which outranks all versions without one
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) epoch: Option<u32>,
    /// The release (RPM) or revision (Debian) [default: 1]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) release: Option<String>,
    /// The package's architecture [default: none, unless it holds objects for one]
    #[arg(long = "package-arch", visible_alias = "arch", value_name = "ARCH", hide_short_help = true)]
    pub(crate) architecture: Option<String>,
    /// One line about the package [default: MODULE_DESCRIPTION]
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(crate) summary: Option<String>,
    /// More about it; an empty line begins a new paragraph
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(crate) description: Option<String>,
    /// The licence as an SPDX expression [default: the source's SPDX tags or MODULE_LICENSE]
    #[arg(long, value_name = "SPDX", hide_short_help = true)]
    pub(crate) license: Option<String>,
    /// `Name <address>` [default: DEBFULLNAME and DEBEMAIL, MODULE_AUTHOR, git's user, the account]
    #[arg(long, value_name = "PERSON", hide_short_help = true)]
    pub(crate) maintainer: Option<String>,
    /// Who distributes the package (RPM)
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(crate) vendor: Option<String>,
    /// The home page
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub(crate) url: Option<String>,
    /// What changed: a changelog of Debian or of an RPM spec, or a text with headings for versions
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) changelog: Option<PathBuf>,
    /// Bring a file along: modprobe.d, udev rules, firmware (repeatable)
    ///
    /// Below /etc it is one that people may edit and keep.
    #[arg(long = "file", value_name = "SOURCE=PLACE")]
    pub(crate) files: Vec<String>,
    /// Ask who maintains the package instead of naming whoever makes it
    #[arg(long, hide_short_help = true)]
    pub(crate) strict: bool,
    /// `--requires` and its kin.
    #[command(flatten)]
    pub(crate) relations: RelationArgs,
    /// The compression [default: xz for Debian, zstd for RPM]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) compress: Option<CompressionArg>,
    /// The distribution (mkpkg: a list), or `portable`
    #[arg(long = "for", value_delimiter = ',', value_name = "PROFILE", conflicts_with = "compress")]
    pub(crate) profiles: Vec<String>,
    /// Who acts when the package comes and goes
    #[arg(long, value_enum, value_name = "WHICH", default_value = "portable", hide_short_help = true)]
    pub(crate) scriptlets: ScriptletsArg,
    /// Sign the RPM with this OpenPGP key (.deb: see mkrepo)
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    /// Write down what went in beside the package: an SPDX document
    #[arg(long, hide_short_help = true)]
    pub(crate) provenance: bool,
    /// The first line of this file is the key's passphrase
    #[arg(long, value_name = "FILE", requires = "sign_key", hide_short_help = true)]
    pub(crate) sign_passphrase_file: Option<PathBuf>,
    /// Bring this certificate along, for Secure Boot
    #[arg(long, value_name = "FILE")]
    pub(crate) mok_cert: Option<PathBuf>,
    /// The most that an archive may hold: 100M, 4G [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = super::bytes, hide_short_help = true)]
    pub(crate) max_size: Option<u64>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
    /// Of DKMS 2: what is done anyway
    #[arg(long, hide = true)]
    pub(crate) source_only: bool,
}

/// What the package needs, offers and replaces, in the words of its format; lists have commas.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RelationArgs {
    /// A package that it needs: NAME, or NAME >= VERSION
    #[arg(long, value_name = "RELATION", visible_alias = "depends", hide_short_help = true)]
    pub(crate) requires: Vec<String>,
    /// A package that should come along
    #[arg(long, value_name = "RELATION", hide_short_help = true)]
    pub(crate) recommends: Vec<String>,
    /// A package that goes well with it
    #[arg(long, value_name = "RELATION", hide_short_help = true)]
    pub(crate) suggests: Vec<String>,
    /// Recommend it to machines that have this package (RPM)
    #[arg(long, value_name = "RELATION", hide_short_help = true)]
    pub(crate) supplements: Vec<String>,
    /// A name that it answers to as well
    #[arg(long, value_name = "RELATION", hide_short_help = true)]
    pub(crate) provides: Vec<String>,
    /// A package that cannot stay beside it
    #[arg(long, value_name = "RELATION", hide_short_help = true)]
    pub(crate) conflicts: Vec<String>,
    /// A package that it removes (RPM: Obsoletes; Debian: Breaks and Replaces)
    #[arg(long, value_name = "RELATION", hide_short_help = true)]
    pub(crate) obsoletes: Vec<String>,
    /// A package, or its versions before this one, in whose place it comes
    #[arg(long, value_name = "OLD[<VERSION]", hide_short_help = true)]
    pub(crate) replaces: Vec<String>,
}

/// `--compress`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CompressionArg {
    /// read everywhere
    Gzip,
    /// Debian's own
    Xz,
    /// RPM's own, from RHEL 8.2 on
    Zstd,
}

/// `--scriptlets`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ScriptletsArg {
    /// the package's own scripts, which work beside any DKMS
    #[default]
    #[value(alias = "full")]
    Portable,
    /// none; needs a DKMS with triggers
    None,
}
