//! Which package a file belongs to, as dpkg, rpm and pacman say.

use std::path::Path;

use crate::sys::{Command, System};

/// Whether a package holds the file that is fully installed, or has no script of its own that would say what is to be
/// done when it is.
pub fn is_owned(system: &System, file: &Path) -> bool {
    dpkg(system, file) || says_so(system, rpm(system, file)) || says_so(system, pacman(system, file))
}

/// The package that holds the file, whatever its state; where several do, the first that is told.
pub fn owner(system: &System, file: &Path) -> Option<String> {
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
    let query = Command::new("dpkg-query");
    if is_live(system) { query } else { query.arg("--admindir").arg(system.path("/var/lib/dpkg")) }
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
    let query = Command::new("rpm");
    if is_live(system) { query } else { query.arg("--root").arg(system.root()) }
}

fn pacman(system: &System, file: &Path) -> Command {
    let query = Command::new("pacman");
    let query = if is_live(system) { query } else { query.arg("--sysroot").arg(system.root()) };
    query.arg("-Qoq").arg(file)
}

fn is_live(system: &System) -> bool {
    system.root() == Path::new("/")
}

fn says_so(system: &System, query: Command) -> bool {
    answer(system, query).is_some_and(|text| !text.trim().is_empty())
}

/// What a query wrote; None when it found nothing, or when there is no such program.
fn answer(system: &System, query: Command) -> Option<String> {
    let program = query.program().to_string_lossy().into_owned();
    system.find_program(&program)?;
    system.run(&query).ok().filter(crate::sys::Finished::success).map(|finished| finished.text())
}
