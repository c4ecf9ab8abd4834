//! The words after `mkdeb`, `mkrpm` and their kin.

use std::path::PathBuf;

use clap::Args;

/// Make an installable package that carries the source of a module and has DKMS build it, or modules that are built
#[derive(Debug, Clone, Default, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct PackageArgs {
    /// A source archive (tar, also compressed, or zip), a folder, or NAME/VERSION of the tree [default: the tree's module
    /// that -m and -v name]
    #[arg(value_name = "INPUT", required_unless_present_all = ["name", "module_version"])]
    pub(crate) input: Option<PathBuf>,
    /// Write to this file, or into this folder [default: the current folder]
    #[arg(long, short = 'o', value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Take modules, settings and templates of the root below this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Replace a package file that exists
    #[arg(long)]
    pub(crate) force: bool,
    /// The module's name, if dkms.conf does not say it or should say another
    #[arg(long = "name", short = 'm', alias = "module", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The module's version, if dkms.conf does not say it or should say another
    #[arg(id = "module_version", long = "version", short = 'v', value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Of a git checkout: the module's version is that of the tag that is checked out
    #[arg(long, conflicts_with = "module_version")]
    pub(crate) version_from_tag: bool,
    /// Of a git checkout: package the files, too, that git does not track
    #[arg(long)]
    pub(crate) untracked: bool,
    /// The dkms.conf: a path in the source, or a file of this machine
    #[arg(short = 'c', long = "conf", value_name = "FILE")]
    pub(crate) conf: Option<PathBuf>,
    /// Package the modules that are built, for machines without compilers, instead of the source: one package for each kernel
    #[arg(long, visible_alias = "binaries-only")]
    pub(crate) binaries: bool,
    /// With --binaries: the kernel; may be repeated [default: every kernel that the module is built for]
    #[arg(short = 'k', long = "kernelver", value_name = "KVER[/ARCH]", requires = "binaries")]
    pub(crate) kernels: Vec<String>,
    /// With --binaries: the kernel's architecture, one for all of -k or one for each
    #[arg(short = 'a', value_name = "ARCH", requires = "kernels")]
    pub(crate) arches: Vec<String>,
    /// The package's name [default: NAME-dkms; with --binaries NAME-modules-KVER, for RPM kmod-NAME-KVER]
    #[arg(long, value_name = "NAME")]
    pub(crate) package_name: Option<String>,
    /// The package's version [default: made from the module's]
    #[arg(long, value_name = "VERSION")]
    pub(crate) package_version: Option<String>,
    /// The epoch, which outranks all versions without one
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u32>,
    /// The release (RPM) or revision (Debian) [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<String>,
    /// The package's architecture [default: none, unless it holds objects for one]
    #[arg(long = "package-arch", visible_alias = "arch", value_name = "ARCH")]
    pub(crate) architecture: Option<String>,
    /// One line about the package [default: MODULE_DESCRIPTION]
    #[arg(long, value_name = "TEXT")]
    pub(crate) summary: Option<String>,
    /// More about it; an empty line begins a new paragraph
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// The licence as an SPDX expression [default: the source's SPDX tags or MODULE_LICENSE]
    #[arg(long, value_name = "SPDX")]
    pub(crate) license: Option<String>,
    /// `Name <address>` [default: DEBFULLNAME and DEBEMAIL, else MODULE_AUTHOR]
    #[arg(long, value_name = "PERSON")]
    pub(crate) maintainer: Option<String>,
    /// Who distributes the package (RPM)
    #[arg(long, value_name = "TEXT")]
    pub(crate) vendor: Option<String>,
    /// The home page
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// What changed: a changelog of Debian or of an RPM spec, or a text with headings for versions
    #[arg(long, value_name = "FILE")]
    pub(crate) changelog: Option<PathBuf>,
    /// `--requires` and its kin.
    #[command(flatten)]
    pub(crate) relations: RelationArgs,
    /// The compression [default: xz for Debian, zstd for RPM]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) compress: Option<CompressionArg>,
    /// The distributions (mkpkg: several), or `portable`: what every system can read (gzip)
    #[arg(long = "for", value_delimiter = ',', value_name = "PROFILE", conflicts_with = "compress")]
    pub(crate) profiles: Vec<String>,
    /// Who does the work when the package comes and goes: its own scripts, or the triggers of this DKMS
    #[arg(long, value_enum, value_name = "WHICH", default_value = "portable")]
    pub(crate) scriptlets: ScriptletsArg,
    /// Sign the RPM with this OpenPGP secret key
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    /// The first line of this file is the key's passphrase
    #[arg(long, value_name = "FILE", requires = "sign_key")]
    pub(crate) sign_passphrase_file: Option<PathBuf>,
    /// Bring along this public certificate (PEM or DER), to be enrolled for Secure Boot
    #[arg(long, value_name = "FILE")]
    pub(crate) mok_cert: Option<PathBuf>,
    /// The most that an archive may hold, in bytes (K, M and G are understood) [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = super::bytes)]
    pub(crate) max_size: Option<u64>,
    /// The DKMS tree, for NAME/VERSION
    #[arg(long, value_name = "DIR")]
    pub(crate) dkmstree: Option<PathBuf>,
    /// The source tree, for NAME/VERSION
    #[arg(long, value_name = "DIR")]
    pub(crate) sourcetree: Option<PathBuf>,
    /// Where the kernels lie that modules are built for, for --binaries
    #[arg(long, value_name = "DIR")]
    pub(crate) installtree: Option<PathBuf>,
    /// Tell the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing
    #[arg(long, short = 'q')]
    pub(crate) quiet: bool,
    /// Say more: every file
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Of DKMS 2: what is done anyway
    #[arg(long, hide = true)]
    pub(crate) source_only: bool,
}

/// What the package needs, offers and replaces, in the words of its format; lists have commas.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RelationArgs {
    /// It cannot be without this: NAME, or NAME >= VERSION and the like
    #[arg(long, value_name = "RELATION", visible_alias = "depends")]
    pub(crate) requires: Vec<String>,
    /// It wants this where it can be had
    #[arg(long, value_name = "RELATION")]
    pub(crate) recommends: Vec<String>,
    /// It goes well with this
    #[arg(long, value_name = "RELATION")]
    pub(crate) suggests: Vec<String>,
    /// It wants to be there when this is (RPM)
    #[arg(long, value_name = "RELATION")]
    pub(crate) supplements: Vec<String>,
    /// It can be used in place of this
    #[arg(long, value_name = "RELATION")]
    pub(crate) provides: Vec<String>,
    /// It cannot be beside this
    #[arg(long, value_name = "RELATION")]
    pub(crate) conflicts: Vec<String>,
    /// It makes this go (RPM: Obsoletes; Debian: Breaks and Replaces)
    #[arg(long, value_name = "RELATION")]
    pub(crate) obsoletes: Vec<String>,
    /// It takes the place of this package, or of its versions before that one, and offers what it was
    #[arg(long, value_name = "OLD[<VERSION]")]
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
