//! Names and versions that go into packages: the strict check, and the name of the package made from a module's name.

use crate::ids::{IdError, KernelRelease, ModuleId, ModuleName, ModuleVersion};
use crate::package::Format;

/// What a name or version may not be. Both end in file names, in maintainer scripts and in package metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    /// A character outside the allowed set.
    #[error("the {what} `{word}` holds the character {character:?}; allowed are letters, digits and {allowed}")]
    Character {
        /// "module name", "module version", "package name" …
        what: &'static str,
        word: String,
        character: char,
        /// Signs that are allowed besides letters and digits.
        allowed: &'static str,
    },
    /// A first character that an option or a hidden file would have.
    #[error("the {what} `{word}` starts with {character:?}, which is not allowed")]
    Start { what: &'static str, word: String, character: char },
    /// The general rules for names.
    #[error(transparent)]
    Id(#[from] IdError),
    #[error("the {what} is empty")]
    Empty { what: &'static str },
}

const NAME_SIGNS: &str = "._+-";
const VERSION_SIGNS: &str = "._+-~";

/// Checks NAME and VERSION as far as packages need it, which is stricter than the tree's own rules.
pub(crate) fn check(name: &str, version: &str) -> Result<ModuleId, NameError> {
    check_word("module name", name, NAME_SIGNS)?;
    check_word("module version", version, VERSION_SIGNS)?;
    Ok(ModuleId::new(ModuleName::new(name)?, ModuleVersion::new(version)?))
}

fn check_word(what: &'static str, word: &str, allowed: &'static str) -> Result<(), NameError> {
    let word_of = || word.to_owned();
    if let Some(character) = word.chars().find(|c| !c.is_ascii_alphanumeric() && !allowed.contains(*c)) {
        return Err(NameError::Character { what, word: word_of(), character, allowed });
    }
    match word.chars().next() {
        None => Err(NameError::Empty { what }),
        Some(character @ ('-' | '.')) => Err(NameError::Start { what, word: word_of(), character }),
        Some(_) => Ok(()),
    }
}

/// The name of the package: `NAME-dkms`, not doubled, in the characters of the format.
pub(crate) fn package_name(format: Format, module: &ModuleName) -> Result<String, NameError> {
    let base = base_name(format, module.as_str());
    let name = if base.ends_with("-dkms") || base.ends_with("_dkms") { base } else { format!("{base}-dkms") };
    check_package_name(format, &name)?;
    Ok(name)
}

/// The name of the package of modules that are built for a kernel: `NAME-modules-KVER`, or `kmod-NAME-KVER` as RPM systems
/// have it. The kernel's release is checked as strictly as the other names: it stands in scripts, too.
pub(crate) fn modules_name(format: Format, module: &ModuleName, kernel: &KernelRelease) -> Result<String, NameError> {
    check_word("kernel release", kernel.as_str(), VERSION_SIGNS)?;
    let base = base_name(format, module.as_str());
    let name = match format {
        Format::Deb => format!("{base}-modules-{}", debian_word(kernel.as_str())),
        Format::Rpm | Format::Pac => format!("kmod-{base}-{}", kernel.as_str().replace('~', "-")),
    };
    check_package_name(format, &name)?;
    Ok(name)
}

/// The name of an RPM whose modules serve all kernels of a stream with the same symbols.
pub(crate) fn stream_name(module: &ModuleName) -> Result<String, NameError> {
    let name = format!("kmod-{}", base_name(Format::Rpm, module.as_str()));
    check_package_name(Format::Rpm, &name)?;
    Ok(name)
}

/// The package that needs the modules of the newest kernel of a flavour: `NAME-modules-FLAVOUR`, or `kmod-NAME-FLAVOUR` as RPM
/// systems have it, `kmod-NAME` for their kernels without one.
pub(crate) fn follower_name(format: Format, module: &ModuleName, flavour: Option<&str>) -> Result<String, NameError> {
    let base = base_name(format, module.as_str());
    let name = match (format, flavour) {
        (Format::Deb, None) => return Err(NameError::Empty { what: "kernel's flavour" }),
        (Format::Deb, Some(flavour)) => format!("{base}-modules-{}", debian_word(flavour)),
        (Format::Rpm | Format::Pac, None) => format!("kmod-{base}"),
        (Format::Rpm | Format::Pac, Some(flavour)) => format!("kmod-{base}-{flavour}"),
    };
    check_package_name(format, &name)?;
    Ok(name)
}

/// A kernel's release without its flavour, and that: `6.1.0-50-rt-amd64` is 6.1.0-50 of rt-amd64, `6.4.0-1-default` 6.4.0-1 of
/// default, `6.12.9-200.fc41.x86_64+rt` 6.12.9-200.fc41.x86_64 of rt.
pub(crate) fn flavoured(format: Format, kernel: &str) -> (&str, Option<&str>) {
    if let Some((release, flavour)) = kernel.rsplit_once('+').filter(|_| format == Format::Rpm) {
        return (release, Some(flavour));
    }
    let is_number = |part: &str| {
        let numbered = part.strip_prefix("rc").unwrap_or(part);
        numbered.starts_with(|c: char| c.is_ascii_digit())
    };
    let mut at = kernel.len();
    while let Some((before, _)) = kernel[..at].rsplit_once('-').filter(|(_, part)| !is_number(part)) {
        at = before.len();
    }
    match kernel[at..].strip_prefix('-') {
        Some(flavour) => (&kernel[..at], Some(flavour)),
        None => (kernel, None),
    }
}

/// Checks the name of a file that scripts name.
pub(crate) fn check_file_name(name: &str) -> Result<(), NameError> {
    check_word("file name", name, NAME_SIGNS)
}

/// A word in the characters that names of Debian packages have.
pub(crate) fn debian_word(word: &str) -> String {
    word.to_ascii_lowercase().replace(['_', '~'], "-")
}

/// The module's name in the characters of the format: Debian knows no capitals and no `_`.
pub(crate) fn base_name(format: Format, module: &str) -> String {
    match format {
        Format::Rpm => module.to_owned(),
        // PKGBUILD(5): small letters, and no hyphen or dot first.
        Format::Pac => module.to_ascii_lowercase().trim_start_matches(['-', '.']).to_owned(),
        Format::Deb => debian_word(module).trim_start_matches(['-', '+', '.']).to_owned(),
    }
}

/// Checks a package name that a person gave (Debian Policy 5.6.1; RPM's own rules are a superset of ours).
pub(crate) fn check_package_name(format: Format, name: &str) -> Result<(), NameError> {
    let what = "package name";
    match format {
        Format::Rpm | Format::Pac => check_word(what, name, NAME_SIGNS),
        Format::Deb => {
            let refused = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "+.-".contains(*c));
            if let Some(character) = name.chars().find(refused) {
                let allowed = "+.- (no capitals, no _)";
                return Err(NameError::Character { what, word: name.to_owned(), character, allowed });
            }
            match name.chars().next() {
                Some(c) if c.is_ascii_alphanumeric() => Ok(()),
                Some(character) => Err(NameError::Start { what, word: name.to_owned(), character }),
                None => Err(NameError::Empty { what }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_break_a_script_are_refused_with_their_character() {
        for (name, character) in [
            ("a b", "' '"),
            ("a/b", "'/'"),
            ("a'b", "'\\''"),
            ("a$b", "'$'"),
            ("-x", "'-'"),
            (".x", "'.'"),
            ("ü", "'ü'"),
        ] {
            let error = check(name, "1").unwrap_err().to_string();
            assert!(error.contains(character), "{name}: {error}");
        }
        for (version, character) in [("1:2", "':'"), ("1 2", "' '"), ("-1", "'-'"), ("1/2", "'/'"), ("1\n", "'\\n'")] {
            let error = check("x", version).unwrap_err().to_string();
            assert!(error.contains(character), "{version}: {error}");
        }
        assert!(check("", "1").is_err() && check("x", "").is_err());
    }

    #[test]
    fn names_of_real_packages_are_taken() {
        let cases = [("v4l2loopback", "0.12.7"), ("qla2x00src", "v6.04.00"), ("x_y+z.2", "0~20220111+git1b52c8d")];
        for (name, version) in cases {
            assert!(check(name, version).is_ok(), "{name} {version}");
        }
    }

    #[test]
    fn package_names_follow_their_format() {
        let cases = [
            ("foo", "foo-dkms", "foo-dkms"),
            ("foo-dkms", "foo-dkms", "foo-dkms"),
            ("foo_dkms", "foo_dkms", "foo-dkms"),
            ("My_Driver_X", "My_Driver_X-dkms", "my-driver-x-dkms"),
            ("dkms", "dkms-dkms", "dkms-dkms"),
            ("_odd", "_odd-dkms", "odd-dkms"),
        ];
        for (module, rpm, deb) in cases {
            let module = ModuleName::new(module).unwrap();
            assert_eq!(package_name(Format::Rpm, &module).unwrap(), rpm);
            assert_eq!(package_name(Format::Deb, &module).unwrap(), deb);
        }
        let module = ModuleName::new("My_Driver").unwrap();
        let kernel = |release: &str| KernelRelease::new(release).unwrap();
        let name = |format, release| modules_name(format, &module, &kernel(release)).unwrap();
        assert_eq!(name(Format::Deb, "6.1.0-50-cloud_AMD64"), "my-driver-modules-6.1.0-50-cloud-amd64");
        assert_eq!(name(Format::Rpm, "5.14.0-70.el9.x86_64+rt"), "kmod-My_Driver-5.14.0-70.el9.x86_64+rt");
        for odd in ["6.1'", "6.1;x", "$(x)"] {
            assert!(modules_name(Format::Rpm, &module, &kernel(odd)).is_err(), "{odd}");
        }
        assert!(check_file_name("a'b.ko").is_err() && check_file_name("a_b-c.ko.xz").is_ok());
        assert!(check_package_name(Format::Deb, "N-535-dkms").is_err());
        assert!(check_package_name(Format::Rpm, "N-535-dkms").is_ok());
        assert!(check_package_name(Format::Rpm, "a;b").is_err());
    }

    #[test]
    fn kernels_of_one_flavour_are_followed_by_one_package() {
        for (format, kernel, release, flavour) in [
            (Format::Deb, "6.1.0-50-amd64", "6.1.0-50", Some("amd64")),
            (Format::Deb, "6.1.0-50-rt-amd64", "6.1.0-50", Some("rt-amd64")),
            (Format::Deb, "6.12.9+deb13-amd64", "6.12.9+deb13", Some("amd64")),
            (Format::Deb, "6.13-rc1-amd64", "6.13-rc1", Some("amd64")),
            (Format::Deb, "6.12.9", "6.12.9", None),
            (Format::Rpm, "6.4.0-150600.23-default", "6.4.0-150600.23", Some("default")),
            (Format::Rpm, "6.12.9-200.fc41.x86_64", "6.12.9-200.fc41.x86_64", None),
            (Format::Rpm, "6.12.9-200.fc41.x86_64+rt", "6.12.9-200.fc41.x86_64", Some("rt")),
        ] {
            assert_eq!(flavoured(format, kernel), (release, flavour), "{kernel}");
        }
        let module = ModuleName::new("My_Driver").unwrap();
        let name = |format, flavour| follower_name(format, &module, flavour).unwrap();
        assert_eq!(name(Format::Deb, Some("amd64")), "my-driver-modules-amd64");
        assert_eq!(
            (name(Format::Rpm, None), name(Format::Rpm, Some("rt"))),
            ("kmod-My_Driver".into(), "kmod-My_Driver-rt".into())
        );
        assert!(follower_name(Format::Deb, &module, None).is_err());
    }
}
