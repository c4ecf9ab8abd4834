//! On which root a run works: `--root`, else the one that dpkg names to maintainer scripts that it runs outside (DPKG_ROOT),
//! else the live one.

use std::path::{Path, PathBuf};

use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::{System, bench};

use super::legacy::Typed;

/// The system of that root.
///
/// # Errors
///
/// [`Kind::BadOption`]: the root is no folder.
pub(crate) fn system(given: Option<&Path>) -> Result<System> {
    let host = System::host();
    let Some(root) = given.map(Path::to_path_buf).or_else(|| of_dpkg(&host)) else { return Ok(host) };
    System::of_root(&root).map_err(|error| {
        Error::new(Kind::BadOption, format!("{} is not a folder that can serve as root", root.display()))
            .caused_by(error)
    })
}

/// dpkg(1), `--force-script-chrootless`: its scripts are told the root instead of being run inside it. Only those: somebody
/// else's variable of that name is not ours.
fn of_dpkg(host: &System) -> Option<PathBuf> {
    host.variable("DPKG_MAINTSCRIPT_NAME")?;
    host.variable("DPKG_ROOT").map(PathBuf::from)
}

/// The system with the toolchain that the command line names. Whoever is not root builds nothing in another root, and is told so
/// by what asks for it.
///
/// # Errors
///
/// [`Kind::BadOption`]: there is no other root, or no such toolchain. Mounts are refused here.
pub(crate) fn at_bench(system: System, typed: &Typed, framework: &Framework) -> Result<System> {
    let Some(given) = typed.toolchain.as_deref() else { return Ok(system) };
    let tools = tools_of(&system, given)?;
    if !system.is_superuser() || typed.dry_run {
        return Ok(system);
    }
    let trees = [&framework.dkms_tree, &framework.source_tree, &framework.install_tree].map(Clone::clone);
    let given = [&typed.kernelsourcedir, &typed.kernel_config].into_iter().flatten();
    let own = given.map(|path| system.inside(&file_of_root(&system, path))).chain(trees);
    let bench = bench::lay(&system, &tools, &own.collect::<Vec<_>>()).map_err(|error| {
        let is_refused = error.kind() == std::io::ErrorKind::PermissionDenied;
        let text = format!("the programs of {} cannot be shown in {}", tools.display(), system.root().display());
        let hint = "it takes mounts that nobody else sees: do it as root, outside of containers that refuse them";
        Error::io(text, error).with_hints(is_refused.then(|| hint.to_owned()).into_iter().collect())
    })?;
    Ok(system.with_bench(bench))
}

/// The root with the toolchain, without links.
fn tools_of(system: &System, given: &Path) -> Result<PathBuf> {
    let refuse = |text: String, hint: String| Err(Error::new(Kind::BadOption, text).hint(hint));
    let another = || "name the folder of a root that has make and a compiler, or `--toolchain host`".to_owned();
    let shown = given.display();
    if system.is_live() {
        return refuse(
            "--toolchain is for another root, and none was named".to_owned(),
            format!("name it: `--root DIR --toolchain {shown}`; here the compiler of this root is taken anyhow"),
        );
    }
    if given == Path::new("host") {
        return Ok(PathBuf::from("/"));
    }
    if given.is_relative() {
        let whole = fs_err::canonicalize(given).ok().filter(|whole| whole.is_dir());
        let whole = whole.map_or_else(|| "DIR".to_owned(), |whole| whole.display().to_string());
        return refuse(
            format!("--toolchain takes `host` or the whole path of a root, and {shown} is neither"),
            format!("`--toolchain host`, or `--toolchain {whole}`"),
        );
    }
    let found = fs_err::canonicalize(given).ok().filter(|found| found.is_dir());
    let Some(found) = found else {
        return refuse(format!("--toolchain {shown}: there is no such folder"), another());
    };
    if found == system.root() {
        return refuse(
            format!("--toolchain {shown} is the root itself, whose compiler is taken anyhow"),
            "leave it out".to_owned(),
        );
    }
    if !["bin", "usr/bin"].iter().any(|programs| found.join(programs).is_dir()) {
        return refuse(format!("--toolchain {shown} is no root: it has neither bin nor usr/bin"), another());
    }
    Ok(found)
}

/// The trees that the command line names in place of framework.conf's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trees<'a> {
    /// `--dkmstree`
    pub(crate) dkms: Option<&'a Path>,
    /// `--sourcetree`
    pub(crate) source: Option<&'a Path>,
    /// `--installtree`
    pub(crate) install: Option<&'a Path>,
}

impl Trees<'_> {
    /// Puts them into the settings. They are places in the root; one that is relative starts at the working folder.
    pub(crate) fn replace_in(self, framework: &mut Framework) {
        for (place, given) in [
            (&mut framework.dkms_tree, self.dkms),
            (&mut framework.source_tree, self.source),
            (&mut framework.install_tree, self.install),
        ] {
            if let Some(given) = given {
                *place = std::path::absolute(given).unwrap_or_else(|_| given.to_path_buf());
            }
        }
    }
}

/// A file that was named on the command line and that programs of the root read as well: an opened path. It is one below
/// the root, with the root's own name in front or without.
pub(crate) fn file_of_root(system: &System, file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    if system.is_live() || absolute.starts_with(system.root()) { absolute } else { system.path(absolute) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_root_is_named_with_the_root_in_front_or_without() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let config = root.path().join("boot/config");
        assert_eq!(file_of_root(&system, Path::new("/boot/config")), config);
        assert_eq!(file_of_root(&system, &config), config);
        assert_eq!(file_of_root(&System::host(), Path::new("/boot/config")), Path::new("/boot/config"));
    }
}
