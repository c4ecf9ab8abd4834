//! Scriptlets of generated RPM packages (rpm-scriptlets(7)).

use super::{Event, EventError, PackageManager, module, nothing, word};

/// `SCRIPTLET NAME VERSION [COUNT]`: COUNT is the scriptlet's `$1`, the number of instances of the package that are left
/// when this step is over.
pub fn scriptlet(words: &[String]) -> Result<Event, EventError> {
    let scriptlet = word(words, 0, "rpm", "the scriptlet's name")?;
    let id = module(words, 1, &format!("rpm {scriptlet}"))?;
    let left = words.get(3).and_then(|word| word.parse::<u32>().ok());
    let manager = PackageManager::Rpm;
    match scriptlet {
        // Only here is the source tree the new package's alone, and the headers of the same transaction present.
        "posttrans" => Ok(Event::ModuleArrived { id, manager, archives: None }),
        "preun" if left.unwrap_or(0) >= 1 => Ok(Event::ModuleIsReplaced { id, manager }),
        "preun" => Ok(Event::ModuleLeaves { id, manager }),
        "post" | "pre" | "pretrans" | "postun" => Ok(nothing(format!("%{scriptlet} leaves the work to %posttrans"))),
        other => Err(EventError::Unknown(format!("rpm {other}"))),
    }
}
