//! `mkrepo DIR`: folders of packages become repositories of apt and dnf.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::description::resolve::InfoError;
use crate::package::io::openpgp::SigningKey;
use crate::package::repository::{self, KEY_FILE, Published, Reader, RepositoryError, Settings, Setup};
use crate::report::{Message, Reporter};
use crate::sys::System;

use super::common::TellArgs;
use super::signing_key;
use super::source_date::source_date;

/// Write the metadata that make folders of packages repositories of apt, dnf and zypper
#[derive(Debug, Clone, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct RepositoryArgs {
    /// The folder; every folder below it that holds packages becomes a repository
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Whose packages these are, for apt [default: DIR's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) origin: Option<String>,
    /// Sign the metadata with this OpenPGP secret key
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    /// The first line of this file is the key's passphrase
    #[arg(long, value_name = "FILE", requires = "sign_key")]
    pub(crate) sign_passphrase_file: Option<PathBuf>,
    /// Add a package NAME-repo that sets the repository up on a host
    #[arg(long, value_name = "NAME", requires = "url")]
    pub(crate) repo_package: Option<String>,
    /// Where DIR is served to hosts, for --repo-package
    #[arg(long, value_name = "URL", requires = "repo_package")]
    pub(crate) url: Option<String>,
    /// The version of that package
    #[arg(long, value_name = "VERSION", default_value = "1")]
    pub(crate) repo_version: String,
    /// Who maintains that package [default: whom the key names]
    #[arg(long, value_name = "PERSON", requires = "repo_package")]
    pub(crate) maintainer: Option<String>,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

/// Writes the metadata and tells of each repository.
pub(crate) fn run(args: &RepositoryArgs, system: &System, reporter: &dyn Reporter) -> Result<()> {
    if !args.folder.is_dir() {
        let message = format!("{} is not a folder", args.folder.display());
        return Err(Error::new(Kind::SourceMissing, message).hint("name the folder that holds the packages"));
    }
    let key = args
        .sign_key
        .as_deref()
        .map(|file| signing_key::read(file, args.sign_passphrase_file.as_deref()))
        .transpose()?;
    let origin = args.origin.clone().unwrap_or_else(|| folder_name(&args.folder));
    if origin.is_empty() || origin.chars().any(char::is_control) {
        return Err(Error::new(Kind::BadOption, "--origin must be one line of text"));
    }
    let date = source_date(system)?.unwrap_or_else(crate::sys::now);
    let setup = setup(args)?;
    let settings = Settings { origin: &origin, date, key: key.as_ref(), setup: setup.as_ref() };
    let title = format!("reading the packages in {}", args.folder.display());
    let progress = |done, total| reporter.tell(Message::Progress { title: title.clone(), done, total });
    let published = repository::publish(&args.folder, &settings, &progress).map_err(refused)?;
    tell(args, &published, key.as_ref(), reporter)
}

/// What `--repo-package` and its kin ask for.
fn setup(args: &RepositoryArgs) -> Result<Option<Setup>> {
    let (Some(name), Some(url)) = (&args.repo_package, &args.url) else { return Ok(None) };
    let bad = |text: String| Error::new(Kind::BadOption, text);
    if args.sign_key.is_none() {
        return Err(bad("--repo-package needs a signed repository, for hosts to check".to_owned())
            .hint("sign it with --sign-key FILE"));
    }
    let setup = Setup::new(name, &args.repo_version, url, args.maintainer.as_deref());
    setup.map(Some).map_err(|error| bad(error.to_string()))
}

pub(super) fn folder_name(folder: &Path) -> String {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    whole.file_name().map_or_else(|| "dkms".to_owned(), |name| name.to_string_lossy().into_owned())
}

pub(super) fn refused(error: RepositoryError) -> Error {
    let message = error.to_string();
    match error {
        RepositoryError::Io(cause) if cause.kind() == std::io::ErrorKind::PermissionDenied => {
            Error::new(Kind::NoWritePermission, "cannot write the metadata").caused_by(cause)
        }
        RepositoryError::Io(cause) => Error::io("cannot write the metadata", cause),
        RepositoryError::NoPackage { .. } => {
            Error::new(Kind::NotAnArchive, message).hint("remove the file, or make the package again")
        }
        RepositoryError::Twice { .. } => Error::new(Kind::NotAnArchive, message).hint("remove one of them"),
        RepositoryError::Signing(error) => signing_key::refused(error),
        RepositoryError::Signature { source, .. } => Error::new(Kind::Internal, message).caused_by(source),
        RepositoryError::Setup(cause) => {
            let hint = match cause {
                InfoError::NoMaintainer | InfoError::Maintainer(_) => "say it with --maintainer 'Name <address>'",
                _ => "choose another --repo-package or --repo-version",
            };
            Error::new(Kind::BadOption, message).caused_by(cause).hint(hint)
        }
        RepositoryError::SetupRpm(cause) => Error::new(Kind::Internal, message).caused_by(cause),
        RepositoryError::Changed(_) => Error::new(Kind::OutputExists, message)
            .hint("hosts see a change only in a higher --repo-version; remove the file if none has it"),
        RepositoryError::Empty(_) => {
            Error::new(Kind::SourceMissing, message).hint("`dkms mkdeb`, `dkms mkrpm` and `dkms mkpkg` make packages")
        }
    }
}

fn tell(
    args: &RepositoryArgs,
    published: &[Published],
    key: Option<&SigningKey>,
    reporter: &dyn Reporter,
) -> Result<()> {
    if args.tell.json {
        let answer = serde_json::json!({
            "schema": "dkms-repositories-1",
            "repositories": published,
            "signed_by": key.map(SigningKey::fingerprint),
        });
        let text = crate::report::document(&answer)?;
        reporter.document(text);
        return Ok(());
    }
    for Published { folder, reader, packages, setup } in published {
        let (who, many) = (
            match reader {
                Reader::Apt => "apt",
                Reader::Dnf => "dnf and zypper",
            },
            *packages != 1,
        );
        let count = format!("{packages} package{}", if many { "s" } else { "" });
        reporter.tell(Message::Answer(format!("{} (for {who}, {count})", folder.display())));
        if let Some(file) = setup {
            reporter.note(format!("  {} sets it up on a host", file.display()));
        }
    }
    match key {
        Some(key) => reporter.note(format!("  signed by {}; the public key is {KEY_FILE} there", key.fingerprint())),
        None => {
            reporter.note(
                "  not signed: apt needs [trusted=yes] for it, dnf gpgcheck=0; --sign-key signs the metadata"
                    .to_owned(),
            );
        }
    }
    Ok(())
}
