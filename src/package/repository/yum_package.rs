//! What the metadata of a repository say of one RPM.

use std::io::{self, BufReader};
use std::path::Path;
use std::time::UNIX_EPOCH;

use rpm::{Dependency, DependencyFlags, FileType, IndexSignatureTag, IndexTag, PackageMetadata};

use super::error::RepositoryError;
use super::files::name;
use super::xml::{element, escape};
use crate::package::io::digest::sha256;
use crate::package::io::openpgp::SigningKey;

/// A package's part of the three lists.
pub(super) struct Described {
    /// Name, epoch, version, release, architecture.
    pub(crate) identity: String,
    pub(crate) primary: String,
    pub(crate) filelists: String,
    pub(crate) other: String,
}

/// What all three parts need.
struct Facts<'a> {
    file: &'a str,
    metadata: &'a PackageMetadata,
    digest: String,
    size: u64,
    modified: u64,
    epoch: u32,
}

impl Described {
    pub(super) fn read(file: &Path) -> Result<Self, RepositoryError> {
        let broken = |error: rpm::Error| RepositoryError::NoPackage { file: file.into(), reason: error.to_string() };
        let opened = fs_err::File::open(file)?;
        let modified = opened.metadata()?.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let metadata = PackageMetadata::parse(&mut BufReader::new(opened)).map_err(broken)?;
        let mut stream = sha256(fs_err::File::open(file)?);
        io::copy(&mut stream, &mut io::sink())?;
        let (_, digest, size) = stream.finish();
        let epoch = metadata.get_epoch().unwrap_or(0);
        let modified = modified.map_or(0, |since| since.as_secs());
        Facts { file: name(file)?, metadata: &metadata, digest, size, modified, epoch }.describe().map_err(broken)
    }
}

/// Whether a signature in the package's header names this key.
pub(super) fn is_signed_by(file: &Path, key: &SigningKey) -> Result<bool, RepositoryError> {
    let broken = |error: rpm::Error| RepositoryError::NoPackage { file: file.into(), reason: error.to_string() };
    let metadata = PackageMetadata::parse(&mut BufReader::new(fs_err::File::open(file)?)).map_err(broken)?;
    let tags = [IndexSignatureTag::RPMSIGTAG_RSA, IndexSignatureTag::RPMSIGTAG_DSA];
    let mut found = tags.iter().filter_map(|tag| metadata.signature.get_entry_data_as_binary(*tag).ok());
    Ok(found.any(|signature| key.is_named_in(signature)))
}

impl Facts<'_> {
    fn describe(&self) -> Result<Described, rpm::Error> {
        let metadata = self.metadata;
        let (package, arch) = (metadata.get_name()?, metadata.get_arch()?);
        let (version, release) = (metadata.get_version()?, metadata.get_release()?);
        let head = format!(
            "<package pkgid=\"{}\" name=\"{}\" arch=\"{}\">\n{}",
            self.digest,
            escape(package),
            escape(arch),
            self.version()?
        );
        Ok(Described {
            identity: format!("{package}-{}:{version}-{release}.{arch}", self.epoch),
            primary: self.primary()?,
            filelists: format!("{head}{}</package>\n", self.files(|_| true)?),
            other: format!("{head}{}</package>\n", self.changes()?),
        })
    }

    fn version(&self) -> Result<String, rpm::Error> {
        let (version, release) = (escape(self.metadata.get_version()?), escape(self.metadata.get_release()?));
        Ok(format!("  <version epoch=\"{}\" ver=\"{version}\" rel=\"{release}\"/>\n", self.epoch))
    }

    fn primary(&self) -> Result<String, rpm::Error> {
        let metadata = self.metadata;
        let place = metadata.get_package_segment_offsets();
        let archive = metadata.signature.get_entry_data_as_u32(IndexSignatureTag::RPMSIGTAG_PAYLOADSIZE).unwrap_or(0);
        let built = metadata.get_build_time().unwrap_or(0);
        let mut text = String::from("<package type=\"rpm\">\n");
        text += &element("name", metadata.get_name()?);
        text += &element("arch", metadata.get_arch()?);
        text += &self.version()?;
        text += &format!("  <checksum type=\"sha256\" pkgid=\"YES\">{}</checksum>\n", self.digest);
        text += &element("summary", metadata.get_summary().unwrap_or_default());
        text += &element("description", metadata.get_description().unwrap_or_default());
        text += &element("packager", metadata.get_packager().unwrap_or_default());
        text += &element("url", metadata.get_url().unwrap_or_default());
        text += &format!("  <time file=\"{}\" build=\"{built}\"/>\n", self.modified);
        let installed = metadata.get_installed_size().unwrap_or(0);
        text += &format!("  <size package=\"{}\" installed=\"{installed}\" archive=\"{archive}\"/>\n", self.size);
        text += &format!("  <location href=\"{}\"/>\n  <format>\n", escape(self.file));
        text += &element("rpm:license", metadata.get_license().unwrap_or_default());
        text += &element("rpm:vendor", metadata.get_vendor().unwrap_or_default());
        text += &element("rpm:group", metadata.get_group().unwrap_or("Unspecified"));
        text += &element("rpm:buildhost", metadata.get_build_host().unwrap_or_default());
        text += &element("rpm:sourcerpm", metadata.get_source_rpm().unwrap_or_default());
        text += &format!("  <rpm:header-range start=\"{}\" end=\"{}\"/>\n", place.header, place.payload);
        text += &self.dependencies()?;
        text += &self.files(is_primary)?;
        Ok(text + "  </format>\n</package>\n")
    }

    fn dependencies(&self) -> Result<String, rpm::Error> {
        let metadata = self.metadata;
        let mut text = String::new();
        for (kind, list) in [
            ("provides", metadata.get_provides()?),
            ("requires", metadata.get_requires()?),
            ("conflicts", metadata.get_conflicts()?),
            ("obsoletes", metadata.get_obsoletes()?),
            ("suggests", metadata.get_suggests()?),
            ("enhances", metadata.get_enhances()?),
            ("recommends", metadata.get_recommends()?),
            ("supplements", metadata.get_supplements()?),
        ] {
            let mut entries: Vec<String> =
                list.iter().filter(|it| !it.flags.contains(DependencyFlags::RPMLIB)).map(dependency).collect();
            entries.dedup();
            if !entries.is_empty() {
                text += &format!("  <rpm:{kind}>\n{}  </rpm:{kind}>\n", entries.concat());
            }
        }
        Ok(text)
    }

    /// The files whose path passes, each with its kind.
    fn files(&self, wanted: fn(&str) -> bool) -> Result<String, rpm::Error> {
        let mut text = String::new();
        for entry in self.metadata.get_file_entries()? {
            let path = entry.path().to_string_lossy().into_owned();
            if !wanted(&path) {
                continue;
            }
            let kind = if entry.mode().file_type() == FileType::Dir { " type=\"dir\"" } else { "" };
            text += &format!("  <file{kind}>{}</file>\n", escape(&path));
        }
        Ok(text)
    }

    fn changes(&self) -> Result<String, rpm::Error> {
        if self.metadata.header.get_entry_data_as_string_array(IndexTag::RPMTAG_CHANGELOGNAME).is_err() {
            return Ok(String::new());
        }
        let mut entries = self.metadata.get_changelog_entries()?;
        // As createrepo_c does: the last ten, oldest first.
        entries.truncate(10);
        entries.reverse();
        let line = |entry: &rpm::ChangelogEntry| {
            let (author, text) = (escape(&entry.name), escape(&entry.description));
            format!("  <changelog author=\"{author}\" date=\"{}\">{text}</changelog>\n", entry.timestamp)
        };
        Ok(entries.iter().map(line).collect())
    }
}

/// Files that dependencies may name without the long list being read.
fn is_primary(path: &str) -> bool {
    path.starts_with("/etc/") || path.contains("bin/") || path == "/usr/lib/sendmail"
}

fn dependency(it: &Dependency) -> String {
    let name = escape(&it.name);
    let before =
        if it.flags.intersects(DependencyFlags::SCRIPT_PRE | DependencyFlags::SCRIPT_POST) { " pre=\"1\"" } else { "" };
    let less = it.flags.contains(DependencyFlags::LESS);
    let greater = it.flags.contains(DependencyFlags::GREATER);
    let relation = match (less, greater, it.flags.contains(DependencyFlags::EQUAL)) {
        (true, _, true) => "LE",
        (true, _, false) => "LT",
        (_, true, true) => "GE",
        (_, true, false) => "GT",
        (_, _, true) => "EQ",
        _ => return format!("    <rpm:entry name=\"{name}\"{before}/>\n"),
    };
    let (epoch, rest) = it.version.split_once(':').unwrap_or(("0", &it.version));
    let (version, release) = rest.split_once('-').map_or((rest, None), |(version, release)| (version, Some(release)));
    let release = release.map_or(String::new(), |release| format!(" rel=\"{}\"", escape(release)));
    let (epoch, version) = (escape(epoch), escape(version));
    format!(
        "    <rpm:entry name=\"{name}\" flags=\"{relation}\" epoch=\"{epoch}\" ver=\"{version}\"{release}{before}/>\n"
    )
}
