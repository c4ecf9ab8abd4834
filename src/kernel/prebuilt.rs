//! Finished modules that a package brought (`mkdeb --binaries`, `mkmatrix`): what it leaves beside them says whose they are.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{ModInfo, Suffix};
use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};
use crate::version;

/// The file that says so, in the folder of the modules.
pub(crate) const FILE: &str = "dkms-prebuilt";

/// Below a kernel's folder such packages have one for each module in one of these.
const FOLDERS: [&str; 2] = ["updates", "extra"];
/// Larger ones are not ours.
const LARGEST: u64 = 4096;

/// What a package brought of a module for a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prebuilt {
    pub(crate) package: String,
    pub(crate) module: ModuleId,
    /// Its module files (opened), sorted; each is for this kernel.
    pub(crate) files: Vec<PathBuf>,
}

impl Prebuilt {
    /// Whether it is this version of the module, or a newer one.
    pub(crate) fn covers(&self, wanted: &ModuleVersion) -> bool {
        version::compare(self.module.version.as_str(), wanted.as_str()).is_ge()
    }

    /// What people are told of a version that it covers.
    pub(crate) fn told(&self, id: &ModuleId, target: &Target) -> String {
        format!("{id} for {}: {} has it, nothing to compile", target.kernel, self.package)
    }
}

/// What the file holds.
#[cfg(feature = "packages")]
pub(crate) fn text(package: &str, module: &ModuleId, target: &Target) -> String {
    let kernel = &target.kernel;
    format!(
        "# Finished modules: see prebuilt in framework.conf(5).\npackage={package}\nmodule={module}\nkernel={kernel}\n"
    )
}

/// The one below this kernel's folder (opened). None also where it is not whole: a file is missing, cut, or for another kernel.
pub(crate) fn find(folder: &Path, target: &Target, name: &ModuleName) -> Option<Prebuilt> {
    FOLDERS.iter().find_map(|below| read(&folder.join(below).join(name), target, name))
}

/// Whether this is the folder of such a package below this kernel's (both opened), and it has gone with its package.
pub(crate) fn has_gone(place: &Path, folder: &Path, name: &ModuleName) -> bool {
    FOLDERS.iter().any(|below| folder.join(below).join(name) == place) && !place.exists()
}

/// Whether a module file lies where a package of finished modules put it.
pub(crate) fn is_beside(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.join(FILE).is_file())
}

fn read(folder: &Path, target: &Target, name: &ModuleName) -> Option<Prebuilt> {
    let mut text = String::new();
    let file = folder.join(FILE);
    // A fifo of that name must not make us wait.
    fs_err::metadata(&file).ok().filter(std::fs::Metadata::is_file)?;
    fs_err::File::open(file).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    let (package, module) = parse(&text, target).filter(|(_, module)| module.name == *name)?;
    let entries = fs_err::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let is_module = |file: &PathBuf| file.file_name().and_then(|name| Suffix::split(name.to_str()?)).is_some();
    let mut files: Vec<PathBuf> = entries.filter(is_module).collect();
    files.sort();
    let is_for_it =
        |file: &PathBuf| ModInfo::read(file).is_ok_and(|info| info.release() == Some(target.kernel.as_str()));
    (!files.is_empty() && files.iter().all(is_for_it)).then_some(Prebuilt { package, module, files })
}

fn parse(text: &str, target: &Target) -> Option<(String, ModuleId)> {
    let value = |name: &str| {
        let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.next().map(str::trim)
    };
    let (name, version) = value("module")?.split_once('/')?;
    let module = ModuleId::new(ModuleName::new(name).ok()?, ModuleVersion::new(version).ok()?);
    let is_name = |name: &&str| {
        !name.is_empty() && name.len() < 256 && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-._~".contains(c))
    };
    let package = value("package").filter(is_name)?.to_owned();
    (value("kernel")? == target.kernel.as_str()).then_some((package, module))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease};

    fn target(kernel: &str) -> Target {
        Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap())
    }

    #[test]
    fn only_a_whole_file_about_this_kernel_is_believed() {
        let whole = "# words\npackage=foo-modules-6.1\nmodule=foo/1.0\nkernel=6.1\n";
        let found = parse(whole, &target("6.1")).unwrap();
        assert_eq!((found.0.as_str(), found.1.to_string().as_str()), ("foo-modules-6.1", "foo/1.0"));
        assert_eq!(parse(whole, &target("6.2")), None);
        for broken in [
            "",
            "package=foo\nmodule=foo/1.0\n",
            "package=\nmodule=foo/1.0\nkernel=6.1\n",
            "package=a\u{1b}[31m\nmodule=foo/1.0\nkernel=6.1\n",
            "package=a b\nmodule=foo/1.0\nkernel=6.1\n",
            "package=foo\nmodule=foo\nkernel=6.1\n",
            "package=foo\nmodule=../foo/1\nkernel=6.1\n",
        ] {
            assert_eq!(parse(broken, &target("6.1")), None, "{broken}");
        }
        #[cfg(feature = "packages")]
        assert_eq!(parse(&text("foo-modules-6.1", &found.1, &target("6.1")), &target("6.1")), Some(found));
    }

    #[test]
    fn files_that_are_no_modules_of_this_kernel_do_not_count() {
        let kernel = tempfile::tempdir().unwrap();
        let folder = kernel.path().join("extra/foo");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(FILE), "package=foo\nmodule=foo/1.0\nkernel=6.1\n").unwrap();
        let find = || find(kernel.path(), &target("6.1"), &ModuleName::new("foo").unwrap());
        assert_eq!(find(), None, "no module is there");
        fs_err::write(folder.join("foo.ko"), "cut").unwrap();
        assert_eq!(find(), None, "one that is none");
        fs_err::remove_file(folder.join(FILE)).unwrap();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, folder.join(FILE), fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        assert_eq!(find(), None, "nobody writes into it");
        fs_err::remove_file(folder.join(FILE)).unwrap();
        fs_err::write(folder.join(FILE), "").unwrap();
        let name = ModuleName::new("foo").unwrap();
        let gone = ["updates/foo", "extra/foo", "updates", "extra/other"]
            .map(|place| has_gone(&kernel.path().join(place), kernel.path(), &name));
        assert_eq!(gone, [true, false, false, false]);
        assert!(is_beside(&folder.join("foo.ko")) && !is_beside(&kernel.path().join("extra/foo.ko")));
    }
}
