//! `mkdeb` and `mkrpm`: arguments → [`PackageRequest`].

use std::path::{Path, PathBuf};

use clap::{Args, FromArgMatches};

use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, ModuleVersion};
use crate::package::Format;
use crate::package::archive::Limits;
use crate::package::info::{Scriptlets, Wishes};
use crate::package::make::{PackageRequest, make};
use crate::package::output::{Existing, Place};
use crate::package::stream::Compression;
use crate::report::Reporter;
use crate::report::human::Loudness;
use crate::sys::System;
use crate::tree::Layout;

/// `mkdeb` or `mkrpm`, as typed.
#[derive(Debug, Clone)]
pub struct PackageCall {
    format: Format,
    args: PackageArgs,
}

impl PackageCall {
    /// How much is to be told.
    pub fn loudness(&self) -> Loudness {
        match (self.args.quiet, self.args.verbose) {
            (true, _) => Loudness::Nothing,
            (false, true) => Loudness::Details,
            (false, false) => Loudness::Normal,
        }
    }
}

/// Reads the words after `mkdeb` or `mkrpm`.
pub fn parse(verb: &str, words: &[String]) -> std::result::Result<PackageCall, clap::Error> {
    let (format, name) = if verb == "mkrpm" { (Format::Rpm, "dkms mkrpm") } else { (Format::Deb, "dkms mkdeb") };
    let command = clap::Command::new(name).bin_name(name).no_binary_name(true);
    let found = PackageArgs::augment_args(command).try_get_matches_from(words)?;
    Ok(PackageCall { format, args: PackageArgs::from_arg_matches(&found)? })
}

/// Make an installable package that carries the source of a module and has DKMS build it
#[derive(Debug, Clone, Args)]
#[command(disable_version_flag = true)]
pub struct PackageArgs {
    /// A source archive (tar, also compressed, or zip), a folder, or NAME/VERSION of the tree
    #[arg(value_name = "INPUT")]
    pub input: PathBuf,
    /// Write to this file, or into this folder [default: the current folder]
    #[arg(long, short = 'o', value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Replace a package file that exists
    #[arg(long)]
    pub force: bool,
    /// The module's name, if dkms.conf does not say it or should say another
    #[arg(long = "name", short = 'm', alias = "module", value_name = "NAME")]
    pub name: Option<String>,
    /// The module's version, if dkms.conf does not say it or should say another
    #[arg(id = "module_version", long = "version", short = 'v', value_name = "VERSION")]
    pub version: Option<String>,
    /// The dkms.conf: a path in the source, or a file of this machine
    #[arg(short = 'c', long = "conf", value_name = "FILE")]
    pub conf: Option<PathBuf>,
    /// The package's name [default: NAME-dkms]
    #[arg(long, value_name = "NAME")]
    pub package_name: Option<String>,
    /// The package's version [default: made from the module's]
    #[arg(long, value_name = "VERSION")]
    pub package_version: Option<String>,
    /// The epoch, which outranks all versions without one
    #[arg(long, value_name = "N")]
    pub epoch: Option<u32>,
    /// The release (RPM) or revision (Debian) [default: 1]
    #[arg(long, value_name = "N")]
    pub release: Option<String>,
    /// The architecture [default: none, unless the source has prebuilt objects]
    #[arg(long = "package-arch", visible_alias = "arch", value_name = "ARCH")]
    pub architecture: Option<String>,
    /// One line about the package [default: MODULE_DESCRIPTION]
    #[arg(long, value_name = "TEXT")]
    pub summary: Option<String>,
    /// More about it; an empty line begins a new paragraph
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// The licence as an SPDX expression [default: the source's SPDX tags or MODULE_LICENSE]
    #[arg(long, value_name = "SPDX")]
    pub license: Option<String>,
    /// `Name <address>` [default: DEBFULLNAME and DEBEMAIL, else MODULE_AUTHOR]
    #[arg(long, value_name = "PERSON")]
    pub maintainer: Option<String>,
    /// Who distributes the package (RPM)
    #[arg(long, value_name = "TEXT")]
    pub vendor: Option<String>,
    /// The home page
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The compression [default: xz for Debian, zstd for RPM]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub compress: Option<CompressionArg>,
    /// Choose what every system can read (gzip)
    #[arg(long = "for", value_enum, value_name = "PROFILE", conflicts_with = "compress")]
    pub profile: Option<Profile>,
    /// Who does the work when the package comes and goes: its own scripts, or the triggers of this DKMS
    #[arg(long, value_enum, value_name = "WHICH", default_value = "full")]
    pub scriptlets: ScriptletsArg,
    /// The most that an archive may hold, in bytes (K, M and G are understood) [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_size: Option<u64>,
    /// The DKMS tree, for NAME/VERSION
    #[arg(long, value_name = "DIR")]
    pub dkmstree: Option<PathBuf>,
    /// The source tree, for NAME/VERSION
    #[arg(long, value_name = "DIR")]
    pub sourcetree: Option<PathBuf>,
    /// Say nothing
    #[arg(long, short = 'q')]
    pub quiet: bool,
    /// Say more: every file that is left out
    #[arg(long, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// `--compress`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CompressionArg {
    /// read everywhere
    Gzip,
    /// Debian's own
    Xz,
    /// RPM's own, from RHEL 8.2 on
    Zstd,
}

/// `--for`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// for systems of any age
    Portable,
}

/// `--scriptlets`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ScriptletsArg {
    /// the package's own scripts, which work beside any DKMS
    Full,
    /// none; needs a DKMS with triggers
    None,
}

/// Makes the package.
pub fn run(call: &PackageCall, system: &System, framework: &Framework, reporter: &dyn Reporter) -> Result<()> {
    let mut framework = framework.clone();
    for (place, given) in
        [(&mut framework.dkms_tree, &call.args.dkmstree), (&mut framework.source_tree, &call.args.sourcetree)]
    {
        place.clone_from(given.as_ref().unwrap_or(&place.clone()));
    }
    let request = request(call.format, &call.args, system, &framework)?;
    make(&request, system, &framework, reporter).map(drop)
}

/// The arguments with nothing left open.
fn request(format: Format, args: &PackageArgs, system: &System, framework: &Framework) -> Result<PackageRequest> {
    let input = input(&args.input, system, framework)?;
    let limits = Limits::default();
    Ok(PackageRequest {
        format,
        place: place(args, format, input.registered.as_deref()),
        conf: args.conf.clone(),
        name: args.name.clone().or(input.id.as_ref().map(|id| id.name.to_string())),
        version: args.version.clone().or(input.id.as_ref().map(|id| id.version.to_string())),
        input: input.path,
        wishes: wishes(args, system),
        scriptlets: match args.scriptlets {
            ScriptletsArg::Full => Scriptlets::Full,
            ScriptletsArg::None => Scriptlets::None,
        },
        compression: compression(args),
        limits: Limits { size: args.max_size.unwrap_or(limits.size), ..limits },
        date: source_date(system)?,
        existing: if args.force { Existing::Replace } else { Existing::Keep },
        temporary: system.path(&framework.tmp_location),
    })
}

struct Input {
    path: PathBuf,
    id: Option<ModuleId>,
    /// The tree's folder of that module version.
    registered: Option<PathBuf>,
}

/// What exists is an archive or a folder; otherwise NAME/VERSION of the tree is meant.
fn input(operand: &Path, system: &System, framework: &Framework) -> Result<Input> {
    if operand.exists() {
        return Ok(Input { path: operand.to_path_buf(), id: None, registered: None });
    }
    let text = operand.to_string_lossy();
    let Some(id) = text.split_once('/').and_then(|(name, version)| {
        Some(ModuleId::new(ModuleName::new(name).ok()?, ModuleVersion::new(version).ok()?))
    }) else {
        return Err(Error::new(Kind::ArchiveMissing, format!("there is no {text}"))
            .hint("name an archive, a folder with a dkms.conf, or NAME/VERSION of a module that is added"));
    };
    let layout = Layout::new(system.root(), &framework.dkms_tree, &framework.source_tree, &framework.install_tree);
    let (registered, source) = (layout.version(&id), layout.source(&id));
    // The link is absolute in the root that it lies in.
    let linked = fs_err::read_link(layout.source_link(&id)).ok().map(|target| match target.is_absolute() {
        true => system.path(target),
        false => registered.join(target),
    });
    match [linked, Some(source)].into_iter().flatten().find(|folder| folder.is_dir()) {
        Some(path) => Ok(Input { path, id: Some(id), registered: Some(registered) }),
        None => Err(Error::new(Kind::NotInTree, format!("{text} is neither a file here nor a module of the tree"))
            .hint(format!("add it first: dkms add {text}"))),
    }
}

/// `--output`, else the tree's own folder for packages where it can be written, else the current folder.
fn place(args: &PackageArgs, format: Format, registered: Option<&Path>) -> Place {
    if let Some(output) = &args.output {
        // A name that does not look like a package's file is a folder, which need not exist yet.
        let file_name = output.extension().is_some_and(|extension| extension == "deb" || extension == "rpm");
        let as_folder = output.is_dir() || !file_name;
        return if as_folder { Place::Folder(output.clone()) } else { Place::File(output.clone()) };
    }
    let below = match format {
        Format::Deb => "deb",
        Format::Rpm => "rpm",
    };
    let own = registered.map(|folder| folder.join(below)).filter(|folder| can_be_written(folder));
    Place::Folder(own.unwrap_or_else(|| PathBuf::from(".")))
}

/// Whether a folder is there or can be made, and takes files.
fn can_be_written(folder: &Path) -> bool {
    fs_err::create_dir_all(folder).is_ok() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

fn compression(args: &PackageArgs) -> Option<Compression> {
    let chosen = args.compress.map(|method| match method {
        CompressionArg::Gzip => Compression::Gzip,
        CompressionArg::Xz => Compression::Xz,
        CompressionArg::Zstd => Compression::Zstd,
    });
    chosen.or(args.profile.map(|Profile::Portable| Compression::Gzip))
}

fn wishes(args: &PackageArgs, system: &System) -> Wishes {
    Wishes {
        package_name: args.package_name.clone(),
        package_version: args.package_version.clone(),
        epoch: args.epoch,
        release: args.release.clone(),
        architecture: args.architecture.clone(),
        summary: args.summary.clone(),
        description: args.description.clone(),
        license: args.license.clone(),
        maintainer: args.maintainer.clone().or_else(|| environment_maintainer(system)),
        vendor: args.vendor.clone(),
        url: args.url.clone(),
    }
}

/// DEBFULLNAME and DEBEMAIL as debchange(1) reads them: DEBEMAIL may hold the name as well.
fn environment_maintainer(system: &System) -> Option<String> {
    let variable = |name| system.variable(name).map(|value| value.to_string_lossy().into_owned());
    let address = variable("DEBEMAIL")?;
    if address.ends_with('>') {
        return Some(address);
    }
    Some(format!("{} <{address}>", variable("DEBFULLNAME")?))
}

/// SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch).
pub(super) fn source_date(system: &System) -> Result<Option<u64>> {
    let Some(value) = system.variable("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let text = value.to_string_lossy();
    text.parse().map(Some).map_err(|_| {
        Error::new(Kind::BadOption, format!("SOURCE_DATE_EPOCH is `{text}`, not a number of seconds since 1970"))
    })
}

/// `4G`, `100M`, `4096`.
fn bytes(text: &str) -> std::result::Result<u64, String> {
    let units = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];
    let shift = units.iter().find(|(unit, _)| text.to_ascii_uppercase().ends_with(*unit)).map(|(_, shift)| *shift);
    let digits = if shift.is_some() { &text[..text.len() - 1] } else { text };
    let number: u64 = digits.parse().map_err(|_| "a number of bytes is needed, such as 4G".to_owned())?;
    number.checked_mul(1 << shift.unwrap_or(0)).ok_or_else(|| "that is more than any file system holds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_units() {
        for (text, expected) in [("4096", Ok(4096)), ("4k", Ok(4096)), ("2G", Ok(2 << 30))] {
            assert_eq!(bytes(text), expected);
        }
        for text in ["", "G", "-1", "1.5G", "99999999999T"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_environment_names_the_maintainer() {
        let system = |pairs: &[(&str, &str)]| {
            System::host().with_environment(pairs.iter().map(|(name, value)| (name.into(), value.into())).collect())
        };
        let both = system(&[("DEBFULLNAME", "A B"), ("DEBEMAIL", "a@b.org")]);
        assert_eq!(environment_maintainer(&both).as_deref(), Some("A B <a@b.org>"));
        assert_eq!(environment_maintainer(&system(&[("DEBEMAIL", "C <c@d.org>")])).as_deref(), Some("C <c@d.org>"));
        assert_eq!(environment_maintainer(&system(&[("DEBEMAIL", "c@d.org")])), None);
    }

    #[test]
    fn the_command_line_reads_as_documented() {
        let words = ["x.tar", "--version", "1.2", "--for", "portable", "--max-size=1M"].map(String::from);
        let args = parse("mkdeb", &words).unwrap().args;
        assert_eq!((args.version.as_deref(), args.max_size), (Some("1.2"), Some(1 << 20)));
        assert_eq!(compression(&args), Some(Compression::Gzip));
        assert!(parse("mkrpm", &[]).is_err());
    }
}
