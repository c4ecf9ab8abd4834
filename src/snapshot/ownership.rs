//! Which package a file belongs to, as dpkg, rpm and pacman say. Another root's own programs are asked where it has them: rpm
//! keeps its database in other places and forms elsewhere.

use std::path::Path;

use crate::sys::{Command, System};

/// Whether a package holds the file that is fully installed, or has no script of its own that would say what is to be
/// done when it is.
pub(crate) fn is_owned(system: &System, file: &Path) -> bool {
    dpkg(system, file) || says_so(system, rpm(system, file)) || says_so(system, pacman(system, file))
}

/// The package that holds the file, whatever its state; where several do, the first that is told.
pub(crate) fn owner(system: &System, file: &Path) -> Option<String> {
    let rpm = || answer(system, rpm_query(system).args(["-qf", "--qf", "%{NAME}\\n"]).arg(file));
    let first = |text: String| text.lines().map(str::trim).find(|name| !name.is_empty()).map(str::to_owned);
    let dpkg = dpkg_owners(system, file).into_iter().next();
    dpkg.or_else(|| rpm().and_then(first)).or_else(|| answer(system, pacman(system, file)).and_then(first))
}

fn dpkg(system: &System, file: &Path) -> bool {
    dpkg_owners(system, file).iter().any(|name| {
        let query = dpkg_query(system).args(["-W", "-f", "${db:Status-Status}", name]);
        match answer(system, query).unwrap_or_default().trim() {
            "installed" | "triggers-awaited" | "triggers-pending" => true,
            "unpacked" | "half-configured" => !has_postinst(system, name),
            _ => false,
        }
    })
}

fn dpkg_query(system: &System) -> Command {
    asking(system, "dpkg-query", |query| query.arg("--admindir").arg(system.path("/var/lib/dpkg")))
}

/// `dpkg-query -S` gives `PACKAGE[, PACKAGE…]: FILE`, and lines about diversions that begin otherwise.
fn dpkg_owners(system: &System, file: &Path) -> Vec<String> {
    let found = answer(system, dpkg_query(system).arg("-S").arg(file)).unwrap_or_default();
    let suffix = format!(": {}", file.display());
    let owners = found.lines().filter_map(|line| line.strip_suffix(&suffix)).flat_map(|names| names.split(", "));
    owners.filter(|name| !name.contains(' ')).map(str::to_owned).collect()
}

/// Packages of one architecture have it in the names of their files (deb-multiarch).
fn has_postinst(system: &System, package: &str) -> bool {
    let name = package.split(':').next().unwrap_or(package);
    let Ok(files) = fs_err::read_dir(system.path("/var/lib/dpkg/info")) else { return true };
    files.flatten().any(|file| {
        let file = file.file_name();
        let script = file.to_string_lossy().strip_suffix(".postinst").map(str::to_owned);
        script.is_some_and(|owner| owner.split(':').next() == Some(name))
    })
}

fn rpm(system: &System, file: &Path) -> Command {
    rpm_query(system).arg("-qf").arg(file)
}

fn rpm_query(system: &System) -> Command {
    asking(system, "rpm", |query| query.arg("--root").arg(system.root()))
}

/// How many packages hold a file, as rpm's database says: two while one of them is being replaced.
pub(crate) fn rpm_owners(system: &System, file: &Path) -> usize {
    let query = rpm_query(system).args(["-qf", "--qf", "x"]).arg(file);
    system.run(&query).map_or(0, |finished| if finished.success() { finished.text().trim().len() } else { 0 })
}

fn pacman(system: &System, file: &Path) -> Command {
    asking(system, "pacman", |query| query.arg("--sysroot").arg(system.root())).arg("-Qoq").arg(file)
}

/// A query of this root: by its own program, else by this machine's, which is told the root.
fn asking(system: &System, program: &str, tell_root: impl FnOnce(Command) -> Command) -> Command {
    if system.is_live() {
        system.here(program)
    } else if system.is_superuser() && system.has_program(program) {
        system.command(&system.path("/"), program)
    } else {
        tell_root(system.here(program))
    }
}

fn says_so(system: &System, query: Command) -> bool {
    answer(system, query).is_some_and(|text| !text.trim().is_empty())
}

/// What a query wrote; None when it found nothing, or when there is no such program.
fn answer(system: &System, query: Command) -> Option<String> {
    let program = query.program().to_string_lossy().into_owned();
    if !query.is_inside() {
        system.find_program(&program)?;
    }
    system.run(&query).ok().filter(crate::sys::Finished::success).map(|finished| finished.text())
}
