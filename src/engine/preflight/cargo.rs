//! What packages would put on the disk, as far as builds are concerned: kernel headers and modules' sources, unpacked as
//! below a root of their own.

use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::symlink;

use crate::archive::error::ArchiveError;
use crate::archive::limits::Limits;
use crate::archive::member::{Content, Member, Taker};
use crate::archive::parcel;
use crate::archive::staging::{Reach, Staging};
use crate::conf::{self, Commands};
use crate::error::{Error, Result, with_causes};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::{arch, headers};
use crate::version;

use super::{Asked, Places};
use crate::engine::app::App;

/// What was unpacked.
#[derive(Debug, Default)]
pub(crate) struct Cargo {
    /// Kernels whose headers are among it, oldest first.
    pub(crate) kernels: Vec<Target>,
    /// Modules whose sources are, with the places that these will have.
    pub(crate) sources: Vec<(ModuleId, PathBuf)>,
    /// Packages that could not be read, and why.
    pub(crate) unread: Vec<(PathBuf, String)>,
}

/// Takes what is built from, and what it is built with; nothing else of a package.
struct Picked {
    staging: Staging,
    /// /lib is a link to /usr/lib, whatever packages call it.
    is_merged: bool,
}

impl Taker for Picked {
    fn limits(&self) -> Limits {
        self.staging.limits()
    }

    fn put(&mut self, member: &Member, data: &mut dyn Read) -> std::result::Result<(), ArchiveError> {
        let name = self.placed(&member.name);
        if !is_wanted(&name) {
            return Ok(());
        }
        let content = match &member.content {
            Content::HardLink(target) => Content::HardLink(self.placed(target)),
            other => other.clone(),
        };
        self.staging.put(&Member { name, content, ..member.clone() }, data)
    }
}

impl Picked {
    /// Without what stands in front of it in packages, and where it really comes to lie.
    fn placed(&self, name: &Path) -> PathBuf {
        let name: PathBuf = name.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
        match self.is_merged && name.starts_with("lib") {
            true => Path::new("usr").join(name),
            false => name,
        }
    }
}

fn is_wanted(name: &Path) -> bool {
    let inner = name.strip_prefix("usr").unwrap_or(name);
    if let Ok(of_kernel) = inner.strip_prefix("lib/modules") {
        let mut below = of_kernel.iter().skip(1);
        let (first, is_finished) = (below.next(), below.count() == 2);
        return first.is_some_and(|first| {
            first == "build" || first == "source" || (is_finished && (first == "updates" || first == "extra"))
        });
    }
    let is_tool = inner.strip_prefix("lib").ok().and_then(|rest| rest.iter().next());
    (name != inner && inner.starts_with("src") && inner.iter().nth(1).is_some())
        || is_tool.is_some_and(|folder| folder.to_string_lossy().starts_with("linux-"))
}

impl Cargo {
    pub(crate) fn unpack(app: &App, asked: &Asked, places: &Places) -> Result<Self> {
        let root = places.cargo();
        let failed = |error| Error::io("packages cannot be unpacked", error);
        fs_err::create_dir_all(&root).map_err(failed)?;
        let mut cargo = Self::default();
        let is_merged = app.system.path("/").join("lib").is_symlink();
        let mut picked = Picked { staging: Staging::new(&root, Limits::default(), Reach::Anywhere), is_merged };
        for package in &asked.packages {
            match parcel::read(package, &mut picked) {
                Ok(()) => {}
                // The next one could not be written either.
                Err(error @ ArchiveError::Write { .. }) => return Err(error.at(package)),
                Err(error) => cargo.unread.push((package.clone(), why(&error))),
            }
        }
        picked.staging.finish().map_err(|error| error.at(&root))?;
        let modules = root.join(if is_merged { "usr/lib/modules" } else { "lib/modules" });
        for folder in &asked.headers {
            link_folder(folder, &modules, asked)?;
        }
        link_headers(&root, &modules).map_err(failed)?;
        cargo.kernels = kernels(app, &modules);
        cargo.sources = sources(app, &root);
        Ok(cargo)
    }
}

fn why(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Read(cause) if cause.kind() == std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        other => with_causes(other),
    }
}

/// Headers that a person named, under the kernel that they say, or that the person says.
fn link_folder(folder: &Path, modules: &Path, asked: &Asked) -> Result<()> {
    let folder = fs_err::canonicalize(folder).map_err(|error| {
        Error::new(Kind::HeadersMissing, format!("there are no kernel headers in {}", folder.display()))
            .caused_by(error)
            .hint("name the folder that has the kernel's Makefile and include/config")
    })?;
    let named = match asked.kernels.as_slice() {
        [kernel] => Some(kernel.to_string()),
        _ => headers::release(&folder),
    };
    let named = named.ok_or_else(|| {
        let text = format!("{} does not say which kernel its headers are for", folder.display());
        Error::new(Kind::HeadersMissing, text).hint("if these are a kernel's headers, name it with -k KERNEL")
    })?;
    link(&modules.join(named), &folder).map_err(|error| Error::io("kernel headers cannot be shown", error))
}

/// On Fedora and SUSE the link to the headers comes with the image.
fn link_headers(root: &Path, modules: &Path) -> std::io::Result<()> {
    let below = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let sources = root.join("usr/src");
    let of_suse = below(sources.clone()).flat_map(below).flat_map(below);
    let folders = below(sources.join("kernels")).chain(below(sources.clone())).chain(of_suse);
    for folder in folders.filter(|folder| is_configured(folder)) {
        let (Some(release), Ok(inside)) = (headers::release(&folder), folder.strip_prefix(root)) else { continue };
        if KernelRelease::new(&release).is_ok() && !modules.join(&release).exists() {
            link(&modules.join(release), &Path::new("/").join(inside))?;
        }
    }
    Ok(())
}

fn is_configured(folder: &Path) -> bool {
    folder.join("include").is_dir() && headers::config_file(folder, None).is_some()
}

fn link(kernel: &Path, headers: &Path) -> std::io::Result<()> {
    fs_err::create_dir_all(kernel)?;
    symlink(headers, kernel.join("build"))
}

fn kernels(app: &App, modules: &Path) -> Vec<Target> {
    let entries = std::fs::read_dir(modules).into_iter().flatten().flatten();
    let with_headers = entries.filter(|entry| std::fs::symlink_metadata(entry.path().join("build")).is_ok());
    let releases = with_headers.filter_map(|entry| KernelRelease::new(entry.file_name().to_str()?).ok());
    let mut kernels: Vec<Target> =
        releases.filter_map(|kernel| Some(Target::new(kernel.clone(), arch::of(&app.system, &kernel)?))).collect();
    kernels.sort_by(|one, other| version::compare(one.kernel.as_str(), other.kernel.as_str()));
    kernels
}

/// Modules are known by what their dkms.conf says.
fn sources(app: &App, root: &Path) -> Vec<(ModuleId, PathBuf)> {
    let folders = std::fs::read_dir(root.join("usr/src")).into_iter().flatten().flatten();
    let found = folders.filter_map(|entry| {
        let conf = entry.path().join("dkms.conf");
        if !conf.is_file() {
            return None;
        }
        let context = conf::Context::without_kernel(1, &[]);
        let loaded = conf::load(&app.system, &app.framework, &conf, &context, Commands::Run).ok()?;
        let id = ModuleId::new(loaded.conf.name, loaded.conf.version);
        Some((id, app.tree.layout().source_tree_name().join(entry.file_name())))
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_packages_only_what_is_built_from_and_with_is_taken() {
        for (name, wanted) in [
            ("usr/src/linux-headers-6.1/Makefile", true),
            ("usr/src/foo-1.0/dkms.conf", true),
            ("usr/src", false),
            ("usr/lib/modules/6.1/build", true),
            ("lib/modules/6.1/build/Makefile", true),
            ("usr/lib/modules/6.1/kernel/a.ko", false),
            ("lib/modules/6.1/updates/foo/foo.ko", true),
            ("usr/lib/modules/6.1/extra/foo/dkms-prebuilt", true),
            ("usr/lib/modules/6.1/updates/foo.ko", false),
            ("usr/lib/modules/6.1/kernel/updates/foo/foo.ko", false),
            ("usr/lib/modules/6.1/vmlinuz", false),
            ("usr/lib/linux-kbuild-6.1/scripts/mod/modpost", true),
            ("usr/lib/systemd/system/x.service", false),
            ("boot/vmlinuz-6.1", false),
            ("src/foo", false),
            (".PKGINFO", false),
        ] {
            assert_eq!(is_wanted(Path::new(name)), wanted, "{name}");
        }
    }
}
