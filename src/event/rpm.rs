//! Scriptlets and file triggers of RPM packages (rpm-scriptlets(7), "File Triggers" in RPM's reference manual).

use super::paths::Touched;
use super::{Event, EventError, PackageManager, module, nothing, word};

/// `SCRIPTLET NAME VERSION [COUNT]`: COUNT is the scriptlet's `$1`, the number of instances of the package that are left
/// when this step is over.
pub(crate) fn scriptlet(words: &[String]) -> Result<Event, EventError> {
    let scriptlet = word(words, 0, "rpm", "the scriptlet's name")?;
    let id = module(words, 1, &format!("rpm {scriptlet}"))?;
    let manager = PackageManager::Rpm;
    match scriptlet {
        // Only here is the source tree the new package's alone, and the headers of the same transaction present.
        "posttrans" => Ok(Event::ModuleArrived { id, manager, archives: None }),
        "preun" if left(words, 3).unwrap_or(0) >= 1 => Ok(Event::ModuleIsReplaced { id, manager }),
        "preun" => Ok(Event::ModuleLeaves { id, manager }),
        "post" | "pre" | "pretrans" | "postun" => Ok(nothing(format!("%{scriptlet} leaves the work to %posttrans"))),
        other => Err(EventError::Unknown(format!("rpm {other}"))),
    }
}

/// `SCRIPTLET [COUNT]` of our own package. Its %post needs nothing: our file triggers come at the end of the transaction.
pub(crate) fn own_scriptlet(words: &[String]) -> Result<Event, EventError> {
    let scriptlet = word(words, 0, "rpm-self", "the scriptlet's name")?;
    match scriptlet {
        "preun" if left(words, 1) == Some(0) => Ok(Event::OursLeaves { manager: PackageManager::Rpm }),
        "pretrans" | "pre" | "post" | "preun" | "postun" | "posttrans" => {
            Ok(nothing(format!("%{scriptlet} of our own package needs nothing")))
        }
        other => Err(EventError::Unknown(format!("rpm-self {other}"))),
    }
}

/// `TRIGGER [COUNT [COUNT]]` of our own package, with the matching paths on standard input.
pub(crate) fn file_trigger(words: &[String], touched: &Touched) -> Result<Event, EventError> {
    let trigger = word(words, 0, "rpm-trigger", "the trigger's name")?;
    match trigger {
        "transfiletriggerin" if touched.is_empty() => {
            Ok(nothing("no module's source, kernel or headers are among the paths"))
        }
        "transfiletriggerin" => Ok(Event::DiskChanged { why: format!("packages brought {touched}") }),
        // It gets no paths.
        "transfiletriggerpostun" => Ok(Event::DiskChanged { why: "packages took files away".into() }),
        // Among its paths are those that stay, since the new package holds them too; and it is called for every kernel
        // when only our own package is replaced.
        "transfiletriggerun" => Ok(nothing("removed files are looked for when the transaction is over")),
        other => Err(EventError::Unknown(format!("rpm-trigger {other}"))),
    }
}

/// How many instances of the package are left when this step is over.
fn left(words: &[String], at: usize) -> Option<u32> {
    words.get(at)?.parse().ok()
}
