//! `--file SOURCE=PLACE`: files that a package brings besides the source of its module.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::description::extra::Extra;
use crate::package::input::payload::{Content, File};

/// All of them, each place once.
pub(super) fn all(texts: &[String]) -> Result<Vec<Extra>> {
    let mut places = BTreeSet::new();
    let mut found = Vec::new();
    for text in texts {
        let extra = read(text)?;
        if !places.insert(extra.path.clone()) {
            return Err(Error::new(Kind::BadOption, format!("--file {text}: another file goes to {}", extra.path)));
        }
        found.push(extra);
    }
    Ok(found)
}

fn read(text: &str) -> Result<Extra> {
    let bad = |reason: String| Error::new(Kind::BadOption, format!("--file {text}: {reason}"));
    let Some((source, place)) = text.split_once('=') else {
        return Err(bad("the file and its place are needed".to_owned())
            .hint("for example --file hello.conf=/etc/modprobe.d/hello.conf"));
    };
    let meta = fs_err::metadata(source).map_err(|error| Error::io("cannot read a file of the package", error))?;
    if !meta.is_file() {
        return Err(bad(format!("{source} is not a file")));
    }
    let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
    let content = Content::Disk(Path::new(source).to_path_buf());
    Extra::placed(place, File { size: meta.len(), executable, content }).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn a_file_and_its_place_are_needed_and_each_place_once() {
        let folder = tree(&[("a.conf", "x")]);
        let source = folder.path().join("a.conf").display().to_string();
        let one = format!("{source}=/etc/modprobe.d/a.conf");
        let other = format!("{source}=/usr/lib/modules-load.d/a.conf");
        assert_eq!(all(&[one.clone(), other]).unwrap().len(), 2);
        for texts in [vec![one.clone(), one], vec![source.clone()], vec!["/nowhere=/etc/a".to_owned()]] {
            assert!(all(&texts).is_err(), "{texts:?}");
        }
        assert_eq!(all(&[format!("{source}=/home/a")]).unwrap_err().kind(), Kind::BadOption);
    }
}
