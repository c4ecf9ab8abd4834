//! Module file names: `.ko` and its compressed forms.

use serde::{Deserialize, Serialize};

/// How a module file is compressed, by its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Suffix {
    /// `.ko`
    #[default]
    Plain,
    /// `.ko.gz`
    Gz,
    /// `.ko.xz`
    Xz,
    /// `.ko.zst`
    Zst,
}

impl Suffix {
    /// Every form, plain first.
    pub const ALL: [Suffix; 4] = [Suffix::Plain, Suffix::Gz, Suffix::Xz, Suffix::Zst];

    /// The suffix with its dots.
    pub fn as_str(self) -> &'static str {
        match self {
            Suffix::Plain => ".ko",
            Suffix::Gz => ".ko.gz",
            Suffix::Xz => ".ko.xz",
            Suffix::Zst => ".ko.zst",
        }
    }

    /// Splits a file name into module name and suffix; None when it is no module file.
    pub fn split(file_name: &str) -> Option<(&str, Suffix)> {
        Self::ALL.iter().find_map(|suffix| {
            file_name.strip_suffix(suffix.as_str()).filter(|name| !name.is_empty()).map(|name| (name, *suffix))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_files_are_told_from_others() {
        assert_eq!(Suffix::split("a.ko"), Some(("a", Suffix::Plain)));
        assert_eq!(Suffix::split("a.ko.zst"), Some(("a", Suffix::Zst)));
        assert_eq!(Suffix::split("a.o"), None);
        assert_eq!(Suffix::split(".ko"), None);
        assert_eq!(Suffix::split("a.ko.bak"), None);
    }
}
