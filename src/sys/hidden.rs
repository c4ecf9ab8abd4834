//! Places that systemd hides from the processes of a unit (ProtectKernelModules=, InaccessiblePaths=; systemd.exec(5)): it mounts
//! an empty file or folder without any rights over them.

use std::path::{Path, PathBuf};

use super::System;

/// What lies over them, as mountinfo names it: below /run/systemd or, for the units of a user, below /run/user/UID/systemd.
const COVER: &str = "/systemd/inaccessible/";

/// Why this process does not see what may well be there.
pub(crate) fn hidden(system: &System, place: &Path) -> Option<String> {
    if !system.is_live() {
        return None;
    }
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").ok()?;
    // What is not there is looked for below what is.
    let above = place.ancestors().find_map(|folder| Some((folder, fs_err::canonicalize(folder).ok()?)));
    let (found, real) = above?;
    let real = real.join(place.strip_prefix(found).unwrap_or(Path::new("")));
    let cover = cover(&mounts, &real)?;
    let way = if cover.ends_with("lib/modules") { "ProtectKernelModules=no" } else { "a shorter InaccessiblePaths=" };
    Some(format!(
        "{} is hidden from the processes of this unit: {way} in it shows it (systemd.exec(5))",
        cover.display()
    ))
}

/// The place at or above this one over which such a cover lies (proc(5), mountinfo: the fourth field is what is mounted, the fifth
/// where).
fn cover(mounts: &str, place: &Path) -> Option<PathBuf> {
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(3);
        let (what, at) = (fields.next()?.to_owned(), PathBuf::from(fields.next()?));
        Some((what, at))
    };
    // Of several mounts at one place the last one is seen.
    let above = mounts.lines().filter_map(mount).filter(|(_, at)| place.starts_with(at));
    let (what, at) = above.fold(None, |best: Option<(String, PathBuf)>, next| match best {
        Some(best) if best.1.components().count() > next.1.components().count() => Some(best),
        _ => Some(next),
    })?;
    format!("/{}", what.trim_start_matches('/')).contains(COVER).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_under_a_cover_of_systemd_is_hidden() {
        let mounts = "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
                      90 22 0:21 /systemd/inaccessible/dir /usr/lib/modules ro,nosuid shared:5 - tmpfs tmpfs rw,mode=755\n\
                      91 22 0:21 /systemd/inaccessible/dir /usr/src ro - tmpfs tmpfs rw\n\
                      92 91 8:1 /usr/src /usr/src rw - ext4 /dev/sda1 rw\n\
                      93 22 8:1 /home /usr/lib/modules-extra rw - ext4 /dev/sda1 rw\n";
        for (place, expected) in [
            ("/usr/lib/modules/6.1/build", Some("/usr/lib/modules")),
            ("/usr/lib/modules", Some("/usr/lib/modules")),
            ("/usr/lib/modules-extra/6.1", None),
            ("/usr/src/linux-headers-6.1", None),
            ("/var/lib/dkms", None),
        ] {
            assert_eq!(cover(mounts, Path::new(place)).as_deref(), expected.map(Path::new), "{place}");
        }
        assert_eq!(cover("", Path::new("/usr")), None);
    }
}
