//! `--file SOURCE=PLACE`: files that a package brings besides the source of its module.

use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::description::extra::{Extra, Role};
use crate::package::input::payload::{Content, EntryKind, File};

/// Where files of packages go. The source's own places are the package's business.
const PLACES: [&str; 4] = ["/etc/", "/usr/", "/lib/", "/opt/"];

pub(super) fn read(text: &str) -> Result<Extra> {
    let bad = |reason: String| Error::new(Kind::BadOption, format!("--file {text}: {reason}"));
    let Some((source, place)) = text.split_once('=') else {
        return Err(bad("the file and its place are needed".to_owned())
            .hint("for example --file hello.conf=/etc/modprobe.d/hello.conf"));
    };
    let is_plain = place.chars().all(|c| c.is_ascii_graphic() && !"\"'\\`$*?[]{}<>|;&".contains(c));
    let is_clean = place.split('/').skip(1).all(|part| !["", ".", ".."].contains(&part));
    if !is_plain || !is_clean || !PLACES.iter().any(|start| place.starts_with(start)) {
        return Err(bad(format!(
            "{place} is no place for a file of a package; it is a whole path below /etc, /usr or /opt"
        )));
    }
    if place.starts_with("/usr/src/") || place.starts_with("/usr/lib/modules/") || place.starts_with("/lib/modules/") {
        return Err(bad(format!("{place} is where DKMS itself puts things")));
    }
    let meta = fs_err::metadata(source).map_err(|error| Error::io("cannot read a file of the package", error))?;
    if !meta.is_file() {
        return Err(bad(format!("{source} is not a file")));
    }
    let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
    let content = Content::Disk(Path::new(source).to_path_buf());
    let role = match place {
        place if place.starts_with("/etc/") => Role::Config,
        place if place.starts_with("/usr/share/doc/") => Role::Document,
        _ => Role::Data,
    };
    Ok(Extra { path: place.to_owned(), kind: EntryKind::File(File { size: meta.len(), executable, content }), role })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn places_decide_what_a_file_is_to_the_package_manager() {
        let folder = tree(&[("a.conf", "x")]);
        let source = folder.path().join("a.conf").display().to_string();
        for (place, role) in [
            ("/etc/modprobe.d/a.conf", Role::Config),
            ("/usr/share/doc/a/a.conf", Role::Document),
            ("/usr/lib/udev/rules.d/60-a.rules", Role::Data),
        ] {
            assert_eq!(read(&format!("{source}={place}")).unwrap().role, role, "{place}");
        }
        for place in ["etc/a", "/etc/../a", "/etc//a", "/etc/a b", "/home/a", "/usr/src/a", "/etc/$(x)", ""] {
            let error = read(&format!("{source}={place}")).unwrap_err();
            assert_eq!(error.kind(), Kind::BadOption, "{place}");
        }
        assert!(read(&source).is_err() && read("/nowhere=/etc/a").is_err());
    }
}
