//! Where kernel headers come from without being installed: what apt or dnf of this host know, a list or .repo file of theirs, or
//! folders of packages.
//!
//! apt and dnf are asked as clients, with folders of their own for what they keep: they know proxies, and nothing of the host changes.
//! apt checks the signature of a repository, by which it knows the digest of each package; dnf does if the repository asks for it
//! (repo_gpgcheck). What packages are signed with is looked at by [`super::rpm_signature`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::client;
use super::offer::{Need, Package, is_of_headers, needs};
use super::rpm_signature::{Asked, Dnf};
use crate::engine::app::App;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::Format;
use crate::package::repository::brief::{self, Brief};
use crate::report::Reporter;

/// Folders below each other that are looked through.
const DEPTH: usize = 8;

/// Repositories that were opened, and a folder for what their clients keep.
pub(crate) struct Repositories<'a> {
    app: &'a App,
    folder: PathBuf,
    all: Vec<Repository>,
    /// Of the sections of each.
    asked: RefCell<BTreeMap<(usize, String), Asked>>,
}

#[derive(Debug)]
enum Repository {
    Folder(PathBuf),
    /// With the options that lead it to its sources.
    Apt(Vec<String>),
    Dnf(Vec<String>),
}

/// What packages are called, as a regular expression and for a shell.
#[derive(Debug, Clone, Copy)]
struct Patterns<'a> {
    of_apt: &'a str,
    of_dnf: &'a str,
}

impl<'a> Repositories<'a> {
    /// Opens those that were named with `--from`, else those of this host. `folder` is empty and stays until they are done with.
    pub(crate) fn open(app: &'a App, named: &[String], folder: &Path) -> Result<Self> {
        let mut repositories = Self { app, folder: folder.to_path_buf(), all: Vec::new(), asked: RefCell::default() };
        for (index, name) in named.iter().enumerate() {
            let own = folder.join(format!("repository-{index}"));
            let repository = repositories.named(name, &own)?;
            repositories.all.push(repository);
        }
        if named.is_empty() {
            repositories.all.push(repositories.of_host()?);
        }
        Ok(repositories)
    }

    fn of_host(&self) -> Result<Repository> {
        match ["apt-get", "dnf"].map(|program| self.app.system.has_program(program)) {
            [true, _] => Ok(Repository::Apt(vec!["-oAPT::Sandbox::User=root".to_owned()])),
            [_, true] => Ok(Repository::Dnf(Vec::new())),
            _ => {
                Err(Error::new(Kind::SourceMissing, "there is neither apt nor dnf, whose repositories could be asked")
                    .hint("--from names a folder of packages"))
            }
        }
    }

    fn named(&self, name: &str, own: &Path) -> Result<Repository> {
        let path = Path::new(name);
        if path.is_dir() {
            return Ok(Repository::Folder(path.to_path_buf()));
        }
        fs::create_dir_all(own).map_err(cannot_keep)?;
        let ends = |suffix: &str| name.ends_with(suffix) && path.is_file();
        if ends(".repo") {
            let text = fs::read(path).map_err(|error| Error::io("a .repo file cannot be read", error))?;
            if !has_section(&text) {
                return Err(Error::new(
                    Kind::SourceMissing,
                    format!("{name} names no repository that dnf takes: it has no section such as [kernels]"),
                )
                .hint("dnf.conf(5) describes them: `[NAME]`, and below it lines such as `baseurl=URL`"));
            }
            self.app.reporter.note(format!("asking {name} for its packages"));
            fs::copy(path, own.join("matrix.repo")).map_err(cannot_keep)?;
            let option = |name: &str, folder: &Path| format!("--setopt={name}={}", folder.display());
            return Ok(Repository::Dnf(vec![
                option("reposdir", own),
                option("cachedir", &own.join("cache")),
                // Metadata that cannot be had is an error.
                "--setopt=skip_if_unavailable=0".to_owned(),
            ]));
        }
        let list = own.join(if ends(".sources") { "matrix.sources" } else { "matrix.list" });
        match name {
            _ if ends(".list") || ends(".sources") => {
                fs::copy(path, &list).map_err(cannot_keep)?;
            }
            line if line.starts_with("deb ") && !line.contains('\n') => {
                fs::write(&list, format!("{line}\n")).map_err(cannot_keep)?;
            }
            _ => {
                return Err(Error::new(Kind::SourceMissing, format!("{name} is no repository"))
                    .hint("name a folder of packages, a .list, .sources or .repo file, or a line such as 'deb URL SUITE main'"));
            }
        }
        let options = apt_options(own, &list).map_err(cannot_keep)?;
        self.app.reporter.note(format!("asking {name} for its packages"));
        self.run("apt-get", &options, &["-q", "update"], own)?;
        Ok(Repository::Apt(options))
    }

    /// Every package with kernel headers.
    pub(crate) fn headers(&self) -> Result<Vec<Package>> {
        let of_apt = "^(linux-(headers|kbuild)-|kernel.*-devel$)";
        self.all(Patterns { of_apt, of_dnf: "kernel*-devel" }, &is_of_headers)
    }

    /// The packages of this name.
    pub(crate) fn called(&self, name: &str) -> Result<Vec<Package>> {
        let of_apt = format!("^{}$", regex::escape(name));
        self.all(Patterns { of_apt: &of_apt, of_dnf: name }, &|found| found == name)
    }

    fn all(&self, patterns: Patterns<'_>, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Package>> {
        let mut packages = Vec::new();
        for (index, repository) in self.all.iter().enumerate() {
            let found = match repository {
                Repository::Folder(folder) => self.of_folder(folder, is_wanted, index)?,
                Repository::Apt(options) => self.of_apt(options, patterns.of_apt, index)?,
                Repository::Dnf(options) => self.of_dnf(options, patterns.of_dnf, index)?,
            };
            packages.extend(found.into_iter().filter(|package| is_wanted(&package.name)));
        }
        Ok(packages)
    }

    /// Brings packages of apt here, all by one call of it; gives their files. What is not to be had is asked for again by itself.
    pub(crate) fn fetch_together(&self, packages: &[&Package]) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for (index, repository) in self.all.iter().enumerate() {
            let Repository::Apt(options) = repository else { continue };
            let handles = packages.iter().filter(|package| package.place.0 == index);
            let handles: Vec<&str> = handles.map(|package| package.place.1.as_str()).collect();
            if handles.len() > 1 {
                let into = self.folder.join(format!("fetched-{index}"));
                fs::create_dir_all(&into).map_err(cannot_keep)?;
                drop(self.run("apt-get", options, &[&["-q", "download"][..], &handles].concat(), &into));
                files.extend(fs::read_dir(&into).map_err(cannot_keep)?.flatten().map(|entry| entry.path()));
            }
        }
        Ok(files)
    }

    /// Brings a package here, and gives its file.
    pub(crate) fn fetch(&self, package: &Package) -> Result<PathBuf> {
        let (index, handle) = &package.place;
        let into = tempfile::Builder::new().prefix("fetched-").tempdir_in(&self.folder).map_err(cannot_keep)?.keep();
        match self.all.get(*index) {
            None | Some(Repository::Folder(_)) => return Ok(PathBuf::from(handle)),
            Some(Repository::Apt(options)) => self.run("apt-get", options, &["-q", "download", handle], &into)?,
            // Quietly it would not say why it could not.
            Some(Repository::Dnf(options)) => self.run("dnf", options, &["-y", "download", handle], &into)?,
        };
        let file =
            fs::read_dir(&into).map_err(cannot_keep)?.flatten().map(|entry| entry.path()).find(|file| file.is_file());
        let file = file.ok_or_else(|| {
            Error::new(Kind::SourceMissing, format!("{} {} was not to be had", package.name, package.version))
        })?;
        if let (Some(Repository::Dnf(options)), Some(section)) = (self.all.get(*index), &package.section) {
            let folder = self.folder.join(format!("signatures-{index}"));
            let dnf = Dnf { app: self.app, options, folder: &folder };
            dnf.check(section, &self.asked(dnf, (*index, section))?, &file)?;
        }
        Ok(file)
    }

    /// What a section asks of signatures, looked at once.
    fn asked(&self, dnf: Dnf<'_>, (index, section): (usize, &str)) -> Result<Asked> {
        let key = (index, section.to_owned());
        if let Some(known) = self.asked.borrow().get(&key) {
            return Ok(known.clone());
        }
        fs::create_dir_all(dnf.folder).map_err(cannot_keep)?;
        let asked = dnf.asked(section)?;
        self.asked.borrow_mut().insert(key, asked.clone());
        Ok(asked)
    }

    fn run(&self, program: &str, options: &[String], words: &[&str], folder: &Path) -> Result<String> {
        client::run(self.app, program, options, words, folder)
    }

    fn of_apt(&self, options: &[String], pattern: &str, index: usize) -> Result<Vec<Package>> {
        let names = self.run("apt-cache", options, &["search", "--names-only", pattern], &self.folder)?;
        let names: Vec<&str> = names.lines().filter_map(|line| line.split(" - ").next()).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let text = self.run("apt-cache", options, &[&["show"][..], &names].concat(), &self.folder)?;
        Ok(text.split("\n\n").filter_map(|stanza| of_stanza(stanza, index)).collect())
    }

    fn of_dnf(&self, options: &[String], pattern: &str, index: usize) -> Result<Vec<Package>> {
        let format =
            "%{name} %{version}-%{release} %{arch} %{repoid} %{name}-%{epoch}:%{version}-%{release}.%{arch}\\n";
        // With -y the keys of a section with repo_gpgcheck=1 are taken from where it says.
        let text = self.run("dnf", options, &["-q", "-y", "repoquery", "--qf", format, pattern], &self.folder)?;
        Ok(text.lines().filter_map(|line| of_line(line, index)).collect())
    }

    fn of_folder(&self, top: &Path, is_wanted: &dyn Fn(&str) -> bool, index: usize) -> Result<Vec<Package>> {
        let mut packages = Vec::new();
        for file in files(top, DEPTH)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let format = match () {
                () if name.ends_with(".deb") => Format::Deb,
                () if name.ends_with(".rpm") => Format::Rpm,
                () => continue,
            };
            // Their names begin so, and reading thousands of others takes long.
            let begins = name.split(['_', '-']).next().unwrap_or_default();
            if !(is_wanted(name.split('_').next().unwrap_or_default()) || begins == "kernel") {
                continue;
            }
            match brief::of(&file, format) {
                Ok(brief) => packages.push(of_brief(brief, format, (index, file.to_string_lossy().into_owned()))),
                Err(error) => self.app.reporter.warn(format!("{}: {error}", file.display())),
            }
        }
        Ok(packages)
    }
}

/// Whether a .repo file names a repository. dnf only warns of one that does not, and goes on without.
fn has_section(text: &[u8]) -> bool {
    let is_of_names = |c: &u8| c.is_ascii_alphanumeric() || b"-_.:".contains(c);
    let is_section = |line: &[u8]| {
        let name = line.trim_ascii_end().strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
        name.is_some_and(|name| !name.is_empty() && name.iter().all(is_of_names))
    };
    text.split(|byte| *byte == b'\n').any(is_section)
}

/// Where apt keeps lists and packages of one source, and which: apt.conf(5).
fn apt_options(own: &Path, list: &Path) -> std::io::Result<Vec<String>> {
    for folder in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(own.join(folder))?;
    }
    fs::write(own.join("status"), "")?;
    let at = |name: &str, place: &Path| format!("-o{name}={}", place.display());
    Ok(vec![
        at("Dir::Etc::SourceList", list),
        at("Dir::Etc::SourceParts", Path::new("/dev/null")),
        at("Dir::State", &own.join("state")),
        at("Dir::State::lists", &own.join("state/lists")),
        at("Dir::State::status", &own.join("status")),
        at("Dir::Cache", &own.join("cache")),
        "-oAcquire::Languages=none".to_owned(),
        "-oAPT::Sandbox::User=root".to_owned(),
        // An index that cannot be had is an error.
        "-oAPT::Update::Error-Mode=any".to_owned(),
    ])
}

/// A paragraph of `apt-cache show`.
fn of_stanza(stanza: &str, repository: usize) -> Option<Package> {
    let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    let (name, version) = (field("Package")?.to_owned(), field("Version")?.to_owned());
    let place = (repository, format!("{name}={version}"));
    Some(Package {
        format: Format::Deb,
        arch: field("Architecture")?.to_owned(),
        needs: field("Depends").map(needs).unwrap_or_default(),
        digest: field("SHA256").map(str::to_owned),
        section: None,
        name,
        version,
        place,
    })
}

/// A line of `dnf repoquery`. SUSE's packages of a flavour lie beside one with what all have in common.
fn of_line(line: &str, repository: usize) -> Option<Package> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, version, arch, section, handle] = words.as_slice() else { return None };
    if !handle.starts_with(name) {
        return None;
    }
    let place = (repository, (*handle).to_owned());
    let (name, version, arch) = ((*name).to_owned(), (*version).to_owned(), (*arch).to_owned());
    let is_suse = is_of_headers(&name)
        && name != "kernel-devel"
        && ![".el", ".fc", ".amzn", ".oe"].iter().any(|mark| version.contains(mark));
    let common = Need { name: "kernel-devel".to_owned(), exactly: version.split('-').next().map(str::to_owned) };
    let needs = if is_suse { vec![common] } else { Vec::new() };
    let section = Some((*section).to_owned());
    Some(Package { format: Format::Rpm, name, version, arch, needs, digest: None, section, place })
}

fn of_brief(brief: Brief, format: Format, place: (usize, String)) -> Package {
    let Brief { name, version, arch, depends } = brief;
    Package { format, name, version, arch, needs: needs(&depends), digest: None, section: None, place }
}

/// The files in a folder and those below it. Links to folders are not followed.
fn files(folder: &Path, depth: usize) -> Result<Vec<PathBuf>> {
    let unread = |error| Error::io("a folder of packages cannot be read", error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let kind = entry.file_type().map_err(unread)?;
        match depth.checked_sub(1) {
            Some(depth) if kind.is_dir() => found.extend(files(&entry.path(), depth)?),
            _ if entry.path().is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

fn cannot_keep(error: std::io::Error) -> Error {
    Error::io("what repositories tell cannot be kept", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_section_is_no_repo_file() {
        for (text, expected) in [
            ("# x\n[a]\nbaseurl=x\n", true),
            ("[a] \r\n", true),
            ("", false),
            ("hello\n", false),
            ("[]\n", false),
            ("[a b]\n", false),
            (" [a]\n", false),
        ] {
            assert_eq!(has_section(text.as_bytes()), expected, "{text}");
        }
        assert!(!has_section(b"\xff\xfe\n[\xff"));
    }

    #[test]
    fn what_apt_and_dnf_tell_of_packages_is_understood() {
        let stanza = "Package: linux-headers-6.1.0-50-amd64\nSource: linux\nVersion: 6.1.176-1\nArchitecture: amd64\n\
                      Depends: linux-headers-6.1.0-50-common (= 6.1.176-1), linux-kbuild-6.1\nDescription: x\n Version: 9\nSHA256: 00ff\n";
        let package = of_stanza(stanza, 1).unwrap();
        assert_eq!((package.version.as_str(), package.digest.as_deref()), ("6.1.176-1", Some("00ff")));
        assert_eq!(package.place, (1, "linux-headers-6.1.0-50-amd64=6.1.176-1".to_owned()));
        assert_eq!(package.needs.len(), 2);
        assert_eq!(of_stanza("Package: a\n", 0), None);
        let of = |line: &str| of_line(line, 0).map(|package| (package.version, package.needs.len()));
        assert_eq!(
            of("kernel-devel 5.14.0-1.el9 x86_64 kernels kernel-devel-0:5.14.0-1.el9.x86_64"),
            Some(("5.14.0-1.el9".to_owned(), 0))
        );
        assert_eq!(
            of("kernel-default-devel 6.4.0-1.2 x86_64 kernels kernel-default-devel-x").map(|(_, needs)| needs),
            Some(1)
        );
        assert_eq!(of("Last metadata expiration check: …"), None);
    }
}
