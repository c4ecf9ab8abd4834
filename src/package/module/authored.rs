//! Sources without a dkms.conf: name and version as far as anybody says them, and the file that is written for them.

use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::input::payload::Payload;
use crate::package::input::source::Source;
use crate::package::module::identity;
use crate::package::module::identity::{Declared, Hints};
use crate::package::module::mkconf;
use crate::package::module::mkconf::Written;
use crate::package::module::placeholder;
use crate::package::module::survey::Survey;

/// What else is known of a source.
pub(crate) struct Known<'a> {
    /// The archive or folder as the caller named it.
    pub(crate) input: &'a Path,
    /// `--name`
    pub(crate) name: Option<&'a str>,
    /// `--version`
    pub(crate) version: Option<&'a str>,
}

/// Settles name and version, and writes the dkms.conf from the makefiles of the source.
pub(crate) fn author(
    known: &Known<'_>,
    source: &Source,
    payload: &Payload,
    survey: &Survey,
) -> Result<(ModuleId, Written)> {
    let facts = mkconf::look(payload).map_err(|error| Error::io("cannot read the source", error))?;
    if facts.reading.modules.is_empty() {
        return Err(nothing(known.input, source, &facts));
    }
    let name = known.name.map(str::to_owned).or_else(|| name_of(&source.stem, known.version));
    let hints = Hints {
        name: name.as_deref(),
        version: known.version,
        stem: &source.stem,
        module_version: survey.only_version(),
    };
    let because = format!("is not there, and neither the name `{}` nor one MODULE_VERSION says it", source.stem);
    let declared = Declared { unknown_because: Some(because), ..Declared::default() };
    let id = identity::settle("", &declared, &hints)?.id;
    match mkconf::write(&id, &facts) {
        Some(written) => Ok((id, written)),
        None => Err(nothing(known.input, source, &facts)),
    }
}

/// The name that an archive or folder is called for, without what says which state of the source it is. A version that is given
/// is no part of it, whatever it looks like.
fn name_of(stem: &str, version: Option<&str>) -> Option<String> {
    let before = version.and_then(|version| stem.strip_suffix(version)?.strip_suffix(['-', '_']));
    if let Some(name) = before.filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let bare = ["-main", "-master", "-trunk", "-HEAD"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
    placeholder::name_in(stem).or_else(|| (!bare.is_empty()).then(|| bare.to_owned()))
}

fn nothing(input: &Path, source: &Source, facts: &mkconf::Facts) -> Error {
    let (kind, what) = if source.is_archive() {
        (Kind::ArchiveWithoutConf, input.display().to_string())
    } else {
        (Kind::OperandWithoutConf, format!("the folder {}", input.display()))
    };
    let message =
        format!("{what} holds no dkms.conf, and no makefile in it names a module from which one could be written");
    let error = Error::new(kind, message).hint("name one with -c FILE");
    match facts.reading.notes.first() {
        Some(note) => error.hint(format!("its makefiles were not understood: {note}")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_without_its_version_and_without_its_branch() {
        for (stem, version, name) in [
            ("blink-1.0", None, "blink"),
            ("rtl8192eu-master", None, "rtl8192eu"),
            ("blink-1", Some("1"), "blink"),
            ("blink_7", Some("7"), "blink"),
            ("sx-8800", None, "sx-8800"),
            ("sx-8800", Some("2"), "sx-8800"),
            ("-1", Some("1"), "-1"),
        ] {
            assert_eq!(name_of(stem, version).as_deref(), Some(name), "{stem} {version:?}");
        }
    }
}
