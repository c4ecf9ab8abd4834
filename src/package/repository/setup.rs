//! The package that sets a repository up on a host: where it is, and the key that vouches for it.
//!
//! Formats: sources.list(5) (deb822), dnf.conf(5) and zypper(8) for `.repo` files.

use std::path::{Path, PathBuf};

use super::error::RepositoryError;
use super::reader::Reader;
use crate::archive::stream::Compression;
use crate::ids::ModuleId;
use crate::package::description::carries::Carries;
use crate::package::description::extra::{Extra, Role};
use crate::package::description::identity::Scriptlets;
use crate::package::description::info::PackageInfo;
use crate::package::description::resolve::{InfoError, Material, Subject, resolve};
use crate::package::description::usual::Usual;
use crate::package::description::wishes::{Said, Wishes};
use crate::package::format::{deb, rpm};
use crate::package::input::payload::Payload;
use crate::package::io::openpgp::SigningKey;
use crate::package::module::survey::Survey;
use crate::package::words::names;
use crate::package::words::names::NameError;
use crate::package::words::profile::{Family, Profile};
use crate::package::{Format, Writing};
use crate::sys::fs::write_atomically;

#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The package: its name ends in `-repo`.
    package: ModuleId,
    /// Where the top folder is served, without a slash at the end.
    url: String,
    /// `Name <address>`; None: whom the key names.
    maintainer: Option<String>,
}

/// Why no such package can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Name(#[from] NameError),
    /// It would stand in files of apt and dnf.
    #[error("`{0}` is not the address of a folder: SCHEME://HOST/PATH without blanks and quotes is needed")]
    Url(String),
}

impl Setup {
    /// Checks name, version and address. The name gets `-repo` at its end unless it has it.
    pub(crate) fn new(name: &str, version: &str, url: &str, maintainer: Option<&str>) -> Result<Self, SetupError> {
        let name = if name.ends_with("-repo") { name.to_owned() } else { format!("{name}-repo") };
        // The strict rules are Debian's; a name serves both formats.
        names::check_package_name(Format::Deb, &name)?;
        let package = names::check(&name, version)?;
        let signs = |c: char| c.is_ascii_alphanumeric() || "-._~:/@!&()*+,;=%[]".contains(c);
        // apt takes `file:/path` as well, dnf does not.
        let has_scheme = url.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && scheme.chars().all(|c| c.is_ascii_lowercase() || c == '+')
                && !rest.trim_matches('/').is_empty()
        });
        if !has_scheme || !url.chars().all(signs) {
            return Err(SetupError::Url(url.to_owned()));
        }
        let (url, maintainer) = (url.trim_end_matches('/').to_owned(), maintainer.map(str::to_owned));
        Ok(Self { package, url, maintainer })
    }

    /// The address of a folder below the top one.
    fn address(&self, below: &Path) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/+".contains(&byte);
        let path: String = below
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        if path.is_empty() { format!("{}/", self.url) } else { format!("{}/{path}/", self.url) }
    }
}

/// Writes the package into the repository's folder, which lies `below` the top one. One that is there already stays if it is
/// the same, and is an error otherwise: hosts would not see the change.
///
/// `all_signed`: the repository's RPMs are signed by the same key as its metadata.
pub(super) fn write(
    (folder, below): (&Path, &Path),
    reader: Reader,
    (setup, key): (&Setup, &SigningKey),
    origin: &str,
    all_signed: bool,
) -> Result<PathBuf, RepositoryError> {
    let format = reader.format();
    let profile = folder.file_name().and_then(|name| Profile::named(name.to_str()?).ok());
    let profile = profile.filter(|profile| profile.format == format);
    let address = setup.address(below);
    let extras = match reader {
        Reader::Apt => apt(setup, &address, origin, key.certificate()?),
        Reader::Dnf => {
            let is_zypper = profile.as_ref().is_some_and(|profile| profile.family == Family::Suse);
            let reading = Reading { is_zypper, checks_packages: all_signed };
            dnf(setup, &address, origin, key.certificate()?, reading)
        }
    };
    let info = describe(format, (setup, key), profile, origin, extras)?;
    let bytes = bytes(reader, &info, key)?;
    let file = folder.join(info.file_name());
    match fs_err::read(&file) {
        Ok(found) if found == bytes => {}
        Ok(_) => return Err(RepositoryError::Changed(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write_atomically(&file, 0o644, &bytes)?,
        Err(error) => return Err(error.into()),
    }
    Ok(file)
}

/// The time of everything in it is that of the key: the same key, address and version give the same bytes.
fn describe(
    format: Format,
    (setup, key): (&Setup, &SigningKey),
    profile: Option<Profile>,
    origin: &str,
    extras: Vec<Extra>,
) -> Result<PackageInfo, InfoError> {
    let said = Said {
        package_version: Some(setup.package.version.to_string()),
        summary: Some(format!("Repository of {origin}")),
        maintainer: setup.maintainer.clone().or_else(|| key.owner()),
        // A few lines of settings, and a key.
        license: Some("CC0-1.0".to_owned()),
        ..Said::default()
    };
    let (payload, survey) = (Payload::default(), Survey::default());
    let material = Material { carries: &Carries::Repository, payload: &payload, survey: &survey, date: key.created() };
    let subject = Subject {
        format,
        module: &setup.package,
        wishes: &Wishes { said, profile, ..Wishes::default() },
        template: None,
        fixed_name: None,
        scriptlets: Scriptlets::Portable,
        material,
    };
    resolve(&subject, |_| Usual { extras, ..Usual::default() }, &mut Vec::new())
}

fn apt(setup: &Setup, address: &str, origin: &str, certificate: String) -> Vec<Extra> {
    let name = &setup.package.name;
    let key = format!("/usr/share/keyrings/{name}.asc");
    let text = format!("# {origin}\nTypes: deb\nURIs: {address}\nSuites: ./\nSigned-By: {key}\n");
    vec![
        Extra::file(format!("/etc/apt/sources.list.d/{name}.sources"), Role::Config, text.into_bytes()),
        Extra::file(key, Role::Data, certificate.into_bytes()),
    ]
}

/// How a `.repo` file is read.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// By zypper, which has a folder of its own for it.
    is_zypper: bool,
    /// Whether signatures of packages are checked, too.
    checks_packages: bool,
}

fn dnf(setup: &Setup, address: &str, origin: &str, certificate: String, reading: Reading) -> Vec<Extra> {
    let name = setup.package.name.as_str();
    let id = name.trim_end_matches("-repo").replace('+', "-");
    let key = format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{name}");
    // The signed metadata vouch for packages that are not signed themselves.
    let mut text = format!(
        "[{id}]\nname={origin}\nbaseurl={address}\nenabled=1\nrepo_gpgcheck=1\ngpgcheck={}\ngpgkey=file://{key}\n",
        u8::from(reading.checks_packages)
    );
    let folder = if reading.is_zypper { "/etc/zypp/repos.d" } else { "/etc/yum.repos.d" };
    if reading.is_zypper {
        text += "type=rpm-md\nautorefresh=1\n";
    }
    vec![
        Extra::file(format!("{folder}/{name}.repo"), Role::Config, text.into_bytes()),
        Extra::file(key, Role::Data, certificate.into_bytes()),
    ]
}

fn bytes(reader: Reader, info: &PackageInfo, key: &SigningKey) -> Result<Vec<u8>, RepositoryError> {
    let (payload, scratch, mut bytes) = (Payload::default(), tempfile::tempfile()?, Vec::new());
    // Every release reads gzip.
    let writing = Writing { compression: Compression::Gzip, key: Some(key), progress: &|_| {} };
    match reader {
        Reader::Apt => deb::write(info, &payload, writing, scratch, &mut bytes)
            .map_err(|deb::DebError::Io(error)| RepositoryError::Io(error))?,
        Reader::Dnf => rpm::write(info, &payload, writing, scratch, &mut bytes)?,
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_break_the_files_of_apt_or_dnf_are_refused() {
        let setup = |name: &str, url: &str| Setup::new(name, "1", url, None);
        for url in ["https://example.org/x", "http://h:8080", "file:///root/vendor", "mirror+https://h/a%20b/"] {
            assert!(setup("vendor", url).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.org",
            "file:/root",
            "file:///",
            "https://",
            "https://a b",
            "https://a\nb",
            "https://a'b",
            "https://a#b",
            "https://$x/",
        ] {
            assert_eq!(setup("vendor", url).unwrap_err(), SetupError::Url(url.to_owned()));
        }
        for name in ["Vendor", "a b", "-x", ""] {
            assert!(matches!(setup(name, "https://h/"), Err(SetupError::Name(_))), "{name}");
        }
    }

    #[test]
    fn every_folder_has_an_address_of_its_own() {
        let setup = Setup::new("vendor-repo", "1", "https://h/pub/", None).unwrap();
        assert_eq!(setup.package.name.as_str(), "vendor-repo");
        assert_eq!(setup.address(Path::new("")), "https://h/pub/");
        assert_eq!(setup.address(Path::new("a b/el9")), "https://h/pub/a%20b/el9/");
    }
}
