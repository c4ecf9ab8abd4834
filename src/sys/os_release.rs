//! os-release(5): which distribution this root is.

use super::System;

/// The fields of os-release that decide anything here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OsRelease {
    /// `ID`, lower case.
    pub(crate) id: String,
    /// `ID_LIKE` as written, or empty.
    pub(crate) id_like: String,
    /// `VERSION_ID` or empty.
    pub(crate) version_id: String,
}

impl OsRelease {
    /// Reads /etc/os-release, else /usr/lib/os-release, of that root. None when neither exists. Others ask
    /// [`System::os_release`].
    pub(super) fn read(system: &System) -> Option<Self> {
        ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|file| fs_err::read_to_string(system.path(file)).ok())
            .map(|text| Self::parse(&text))
    }

    /// Parses the text of an os-release file: `NAME=value` lines, values optionally quoted.
    pub(crate) fn parse(text: &str) -> Self {
        let mut release = Self::default();
        for (name, value) in text.lines().filter_map(|line| line.trim().split_once('=')) {
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            match name {
                "ID" => release.id = value.to_lowercase(),
                "ID_LIKE" => release.id_like = value,
                "VERSION_ID" => release.version_id = value,
                _ => {}
            }
        }
        release
    }

    /// The word by which destinations and rules are chosen: `ubuntu` first, else the whole `ID_LIKE`, else `ID`.
    pub(crate) fn family(&self) -> &str {
        if self.id == "ubuntu" || self.id_like.is_empty() { &self.id } else { &self.id_like }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_unknown_fields_do_not_disturb() {
        let release =
            OsRelease::parse("NAME=\"X Linux\"\nID='rocky'\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n");
        assert_eq!((release.id.as_str(), release.family()), ("rocky", "rhel centos fedora"));
        assert_eq!(release.version_id, "9.4");
    }

    #[test]
    fn ubuntu_counts_as_itself() {
        assert_eq!(OsRelease::parse("ID=ubuntu\nID_LIKE=debian\n").family(), "ubuntu");
    }
}
