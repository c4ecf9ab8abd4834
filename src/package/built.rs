//! The package that carries modules that are built already, for machines without compilers: one for each kernel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::Format;
use super::make::{Made, PackageRequest, finish, refused};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::Suffix;
use crate::kernel::modinfo::{ModInfo, read_module};
use crate::kernel::prebuilt;
use crate::kernel::symbols::{self, Symbol};
use crate::package::description::carries::Carries;
use crate::package::description::extra::Extra;
use crate::package::description::identity::{Identity, Scriptlets};
use crate::package::description::info::PackageInfo;
use crate::package::description::resolve::{Material, Subject, resolve};
use crate::package::description::scripts;
use crate::package::description::usual::Usual;
use crate::package::input::payload::{Content, Entry, EntryKind, File, Payload};
use crate::package::module::machine::Machine;
use crate::package::module::survey::{Survey, one_line};
use crate::package::words::names;
use crate::package::words::profile::{Family, Profile};
use crate::package::words::relations::{Kind as Related, Phase, Relation, Script};
use crate::report::Reporter;

/// Modules of one version, built for one kernel, as they lie in a folder.
#[derive(Debug)]
pub(crate) struct Built {
    module: ModuleId,
    target: Target,
    payload: Payload,
    survey: Survey,
    /// Symbols of the kernel that they use.
    of_kernel: Vec<Symbol>,
    /// Symbols of other modules from outside that they use.
    of_others: Vec<Symbol>,
    exports: Vec<Symbol>,
}

impl Built {
    /// Reads the module files in `folder`. `symvers` is the Module.symvers of the kernel's headers, which tells the kernel's
    /// symbols from those of other modules; without it all of them count as the kernel's.
    ///
    /// # Errors
    ///
    /// [`Kind::NotBuilt`] when there is none, or one that is not for this kernel; what cannot be read.
    pub(crate) fn read(module: &ModuleId, target: &Target, folder: &Path, symvers: &Path) -> Result<Self> {
        names::check(module.name.as_str(), module.version.as_str())
            .map_err(|error| Error::new(Kind::BadOption, error.to_string()))?;
        let folder_entry = Entry { path: String::new(), kind: EntryKind::Folder };
        let mut built = Self {
            module: module.clone(),
            target: target.clone(),
            payload: Payload { entries: vec![folder_entry], ..Payload::default() },
            survey: Survey::default(),
            of_kernel: Vec::new(),
            of_others: Vec::new(),
            exports: listed(&folder.join("Module.symvers"))?,
        };
        let mut needed = BTreeSet::new();
        for file in module_files(folder)? {
            needed.extend(built.take(&file)?);
        }
        if built.payload.count() == 0 {
            return Err(not_built(module, target));
        }
        built.sort_out(needed, &listed(symvers)?);
        Ok(built)
    }

    /// Takes a module file into the payload; gives the symbols that it needs.
    fn take(&mut self, file: &Path) -> Result<Vec<Symbol>> {
        let io = |error| Error::io("cannot read a built module", error);
        let unusable = |reason: String| {
            Error::new(Kind::NotBuilt, format!("{} cannot be packaged: {reason}", file.display()))
                .hint(format!("build it anew: dkms build {} -k {} --force", self.module, self.target.kernel))
        };
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        names::check_file_name(&name).map_err(|error| unusable(error.to_string()))?;
        let content = read_module(file).map_err(io)?;
        let info = ModInfo::parse(&content).map_err(unusable)?;
        let needed = symbols::needed(&content).map_err(unusable)?;
        match info.release() {
            Some(release) if release == self.target.kernel.as_str() => {}
            other => return Err(unusable(format!("it is built for {}", other.unwrap_or("no kernel that it names")))),
        }
        self.tell(&info);
        let meta = fs_err::metadata(file).map_err(io)?;
        let since = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.payload.newest = self.payload.newest.max(since.map_or(0, |since| since.as_secs()));
        self.payload.bytes += meta.len();
        self.payload.machines.extend(Machine::read(content.as_slice()).map_err(io)?);
        let kind = File { size: meta.len(), executable: false, content: Content::Disk(file.to_path_buf()) };
        self.payload.entries.push(Entry { path: name, kind: EntryKind::File(kind) });
        Ok(needed)
    }

    /// What the module says of itself is what its source says of it.
    fn tell(&mut self, info: &ModInfo) {
        let Survey { licenses, descriptions, authors, versions, .. } = &mut self.survey;
        for (name, found) in
            [("license", licenses), ("description", descriptions), ("author", authors), ("version", versions)]
        {
            for value in info.all(name).map(one_line).filter(|value| !value.is_empty()) {
                if !found.contains(&value) {
                    found.push(value);
                }
            }
        }
    }

    fn sort_out(&mut self, needed: BTreeSet<Symbol>, kernel: &[Symbol]) {
        let own: BTreeSet<&str> = self.exports.iter().map(|symbol| symbol.name.as_str()).collect();
        let known: BTreeSet<&str> = kernel.iter().map(|symbol| symbol.name.as_str()).collect();
        let foreign = needed.into_iter().filter(|symbol| !own.contains(symbol.name.as_str()));
        // Every kernel has it, no list names it.
        let is_kernel = |symbol: &Symbol| {
            known.is_empty() || known.contains(symbol.name.as_str()) || symbol.name == "module_layout"
        };
        (self.of_kernel, self.of_others) = foreign.partition(is_kernel);
    }

    /// Whether the package serves every kernel whose symbols have the versions that the modules were built with.
    pub(crate) fn is_stream(&self, profile: Option<&Profile>) -> bool {
        let is_kernel = self.target.kernel.as_str().contains(".el");
        profile.is_some_and(|profile| profile.family == Family::Enterprise) && is_kernel && !self.of_kernel.is_empty()
    }

    pub(crate) fn kernel(&self) -> &KernelRelease {
        &self.target.kernel
    }

    /// Paths of the module files on the installed system.
    fn files(&self, identity: &Identity) -> Vec<String> {
        let files = self.payload.entries.iter().filter(|entry| entry.kind != EntryKind::Folder);
        files.map(|entry| format!("{}/{}", identity.place, entry.path)).collect()
    }
}

/// Makes the package. `date` is SOURCE_DATE_EPOCH; None: the time of the newest module.
pub(crate) fn make(
    built: &Built,
    request: &PackageRequest,
    date: Option<u64>,
    reporter: &dyn Reporter,
) -> Result<Made> {
    let mut warnings = Vec::new();
    let info = describe(built, request, date, &mut warnings)?;
    let payload = with_mark(built, &info.name);
    finish(info, &payload, request, warnings, reporter)
}

/// The modules, and what says beside them whose they are.
fn with_mark(built: &Built, package: &str) -> Payload {
    let mark = File::of(prebuilt::text(package, &built.module, &built.target).into_bytes());
    let mut payload = built.payload.clone();
    payload.bytes += mark.size;
    payload.entries.push(Entry { path: prebuilt::FILE.to_owned(), kind: EntryKind::File(mark) });
    payload.entries.sort_by(|one, other| one.path.cmp(&other.path));
    payload
}

fn describe(
    built: &Built,
    request: &PackageRequest,
    date: Option<u64>,
    warnings: &mut Vec<String>,
) -> Result<PackageInfo> {
    let carries = Carries::Modules(built.target.clone());
    let date = date.unwrap_or(built.payload.newest);
    let profile = request.wishes.profile.as_ref();
    let is_enterprise = profile.is_some_and(|profile| profile.family == Family::Enterprise);
    let is_stream = built.is_stream(profile);
    // As kmod packages of Enterprise Linux are called: the next one, built for a later kernel, takes its place.
    let name = if is_stream && request.wishes.said.package_name.is_none() {
        Some(names::stream_name(&built.module.name).map_err(|error| refused(error.into()))?)
    } else {
        None
    };
    let subject = Subject {
        format: request.format,
        module: &built.module,
        wishes: &request.wishes,
        template: None,
        fixed_name: name.as_deref(),
        scriptlets: Scriptlets::Portable,
        material: Material { carries: &carries, payload: &built.payload, survey: &built.survey, date },
    };
    let usual = |identity: &Identity| Usual {
        relations: relations(identity, built, profile, is_stream)
            .into_iter()
            .filter(|relation| !request.wishes.beside_source || relation.kind != Related::Conflicts)
            .collect(),
        scripts: scripts(identity, built, is_stream),
        extras: if identity.format == Format::Rpm { folders(identity, profile) } else { Vec::new() },
    };
    let info = resolve(&subject, usual, warnings).map_err(refused)?;
    if is_enterprise && built.of_kernel.is_empty() {
        warnings.push(format!(
            "the modules name no versions of symbols, so the package serves {} alone",
            built.target.kernel
        ));
    }
    Ok(info)
}

/// Folders between that of all modules and that of these: RPM removes only those that a package owns. Not the kernel's own
/// on SUSE, whose presence there says that the kernel is installed.
fn folders(identity: &Identity, profile: Option<&Profile>) -> Vec<Extra> {
    let above = Path::new(&identity.place).ancestors().skip(1);
    let count = if profile.is_some_and(|profile| profile.family == Family::Suse) { 1 } else { 2 };
    above.take(count).map(|folder| Extra::folder(folder.to_string_lossy())).collect()
}

fn relations(identity: &Identity, built: &Built, profile: Option<&Profile>, is_stream: bool) -> Vec<Relation> {
    match identity.format {
        Format::Deb => debian(identity, built, profile),
        Format::Rpm => rpm(identity, built, profile, is_stream),
        Format::Pac => Vec::new(),
    }
}

fn debian(identity: &Identity, built: &Built, profile: Option<&Profile>) -> Vec<Relation> {
    let kernel = names::debian_word(built.target.kernel.as_str());
    // One package, as Debian's own packages of modules have it: with another one to choose, apt would install that where the
    // kernel is purged. Ubuntu's signed and unsigned kernels have their modules in common.
    let image = match profile.map(|profile| profile.family) {
        Some(Family::Ubuntu) => format!("linux-modules-{kernel}"),
        _ => format!("linux-image-{kernel}"),
    };
    let base = names::base_name(Format::Deb, identity.module.name.as_str());
    let mut relations = vec![Relation::any(Related::Requires, image), Relation::any(Related::Requires, "kmod")];
    if let Ok(source) = names::package_name(Format::Deb, &identity.module.name) {
        relations.push(Relation::any(Related::Conflicts, source));
    }
    relations.push(Relation::exactly(Related::Provides, format!("{base}-modules"), identity.full_version()));
    relations
}

fn rpm(identity: &Identity, built: &Built, profile: Option<&Profile>, is_stream: bool) -> Vec<Relation> {
    let (name, kernel, version) = (&identity.module.name, built.target.kernel.as_str(), identity.full_version());
    let mut relations = vec![Relation::any(Related::Requires, "/bin/sh")];
    relations.push(Relation::any(Related::Requires, "/bin/sh").by(Phase::AfterTransaction));
    let needed = |word: &str, symbol: &Symbol| {
        Relation::exactly(Related::Requires, format!("{word}({})", symbol.name), checksum(symbol))
    };
    match profile {
        _ if is_stream => relations.extend(built.of_kernel.iter().map(|symbol| needed("kernel", symbol))),
        Some(profile) if profile.family == Family::Suse => {
            // The releases of its kernels have two dashes, which no version of an RPM can have.
            relations.push(Relation::any(Related::Requires, format!("{}/{kernel}/kernel", profile.modules)));
        }
        _ => relations.push(Relation::exactly(Related::Requires, "kernel-uname-r", kernel)),
    }
    if is_stream {
        relations.extend(built.of_others.iter().map(|symbol| needed("ksym", symbol)));
    }
    let exported =
        |symbol: &Symbol| Relation::exactly(Related::Provides, format!("ksym({})", symbol.name), checksum(symbol));
    relations.extend(built.exports.iter().map(exported));
    // A package of this name offers it anyway.
    if identity.name != format!("kmod-{name}") {
        relations.push(Relation::exactly(Related::Provides, format!("kmod-{name}"), &version));
    }
    relations.push(Relation::exactly(Related::Provides, format!("{name}-kmod"), &version));
    relations.push(Relation::any(Related::Conflicts, format!("dkms-{name}")));
    if let Ok(source) = names::package_name(Format::Rpm, &identity.module.name) {
        relations.push(Relation::any(Related::Conflicts, source));
    }
    relations
}

/// As the kernel's packages write it.
fn checksum(symbol: &Symbol) -> String {
    format!("0x{:08x}", symbol.crc)
}

fn scripts(identity: &Identity, built: &Built, is_stream: bool) -> Vec<Script> {
    let folder = Path::new(&identity.place).ancestors().nth(2).unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    let words = scripts::ModuleWords {
        kernel: built.target.kernel.as_str(),
        folder: &folder,
        modules: &built.files(identity),
        is_stream,
    };
    let texts = match identity.format {
        Format::Deb => {
            [(Phase::AfterInstall, scripts::DEB_MODULES_POSTINST), (Phase::AfterRemoval, scripts::DEB_MODULES_POSTRM)]
        }
        Format::Rpm => [
            (Phase::AfterRemoval, scripts::RPM_MODULES_POSTUN),
            (Phase::AfterTransaction, scripts::RPM_MODULES_POSTTRANS),
        ],
        Format::Pac => return Vec::new(),
    };
    let script = |(phase, text)| Script { phase, text: scripts::fill_modules(text, identity, &words) };
    texts.into_iter().map(script).collect()
}

/// That nothing is built for this kernel.
pub(crate) fn not_built(module: &ModuleId, target: &Target) -> Error {
    Error::new(Kind::NotBuilt, format!("{module} is not built for {} ({})", target.kernel, target.arch))
        .hint(format!("build it first: dkms build {module} -k {}", target.kernel))
}

/// The module files in a folder, sorted; a folder that is not there holds none.
fn module_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("cannot read the folder of built modules", error);
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs_err::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_str().is_some_and(|name| Suffix::split(name).is_some()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// The symbols of a Module.symvers; none when there is no such file.
fn listed(file: &Path) -> Result<Vec<Symbol>> {
    match fs_err::read(file) {
        Ok(text) => Ok(symbols::listed(&String::from_utf8_lossy(&text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("cannot read a list of symbols", error)),
    }
}
