//! NAME and VERSION of the module that is packaged, and the dkms.conf that says so.

use crate::error::Error;
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::module::placeholder;
use crate::package::words::names;
use crate::package::words::names::NameError;

/// PACKAGE_NAME and PACKAGE_VERSION as far as they are known without running anything; placeholders included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// PACKAGE_NAME
    pub(crate) name: Option<String>,
    /// PACKAGE_VERSION
    pub(crate) version: Option<String>,
    /// Why one of them is not known.
    pub(crate) unknown_because: Option<String>,
}

/// Where else a name or version may come from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints<'a> {
    /// `--name`
    pub(crate) name: Option<&'a str>,
    /// `--version`
    pub(crate) version: Option<&'a str>,
    /// The archive's or folder's name without suffixes.
    pub(crate) stem: &'a str,
    /// MODULE_VERSION() of the source, if it has exactly one.
    pub(crate) module_version: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: ModuleId,
    /// The dkms.conf to package, with the real values.
    pub(crate) conf: String,
    /// What was changed in it, one sentence each.
    pub(crate) changes: Vec<String>,
}

/// A name or version that cannot be had or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("the {what} is not known: dkms.conf {}", .because.as_deref().unwrap_or("does not say it"))]
    Unknown {
        /// "module's name" or "module's version".
        what: &'static str,
        /// The option that sets it.
        option: &'static str,
        because: Option<String>,
    },
    /// It is not one that can be packaged.
    #[error(transparent)]
    Refused(#[from] NameError),
}

impl From<IdentityError> for Error {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::Unknown { option, .. } => {
                Self::new(Kind::NameMissing, message).hint(format!("say it with {option}"))
            }
            IdentityError::Refused(_) => {
                Self::new(Kind::BadConf, message).hint("set other names with --name and --version")
            }
        }
    }
}

/// Settles name and version: the command line, then dkms.conf, then (for a placeholder or a missing value) the archive's
/// name, then MODULE_VERSION(). Puts what was settled into the text of dkms.conf.
pub(crate) fn settle(conf: &str, declared: &Declared, hints: &Hints) -> Result<Identity, IdentityError> {
    let unknown = |what, option, because: String| IdentityError::Unknown { what, option, because: Some(because) };
    let because = |value: &Option<String>| match (value, &declared.unknown_because) {
        (Some(empty), _) if empty.is_empty() => "leaves it empty".to_owned(),
        (Some(value), _) => format!("holds the placeholder {}", placeholder::find(value).unwrap_or(value)),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "does not set it".to_owned(),
    };
    let from_stem = placeholder::name_in(hints.stem);
    let name = Value::settle(declared.name.as_deref(), hints.name, from_stem.as_deref())
        .ok_or_else(|| unknown("module's name", "--name NAME", because(&declared.name)))?;
    let from_stem = placeholder::version_in(hints.stem, Some(&name.value));
    let version =
        Value::settle(declared.version.as_deref(), hints.version, from_stem.as_deref().or(hints.module_version))
            .ok_or_else(|| unknown("module's version", "--version VERSION", because(&declared.version)))?;
    let id = names::check(&name.value, &version.value)?;
    let mut changes = Vec::new();
    let conf = name.write("PACKAGE_NAME", conf, declared.name.as_deref(), &mut changes);
    let conf = version.write("PACKAGE_VERSION", &conf, declared.version.as_deref(), &mut changes);
    Ok(Identity { id, conf, changes })
}

/// A settled value, and the placeholder that it fills.
struct Value {
    value: String,
    token: Option<(String, String)>,
}

impl Value {
    fn settle(declared: Option<&str>, given: Option<&str>, found: Option<&str>) -> Option<Self> {
        let plain = |value: &str| Self { value: value.to_owned(), token: None };
        let Some(declared) = declared.filter(|value| !value.is_empty()) else {
            return given.or(found).map(plain);
        };
        let Some(token) = placeholder::find(declared) else {
            return Some(plain(given.unwrap_or(declared)));
        };
        let filling = given.or(found)?;
        // `v@VERSION@` filled with v1.2 or with 1.2 is v1.2 both times.
        let (before, after) = declared.split_once(token).unwrap_or_default();
        let inner = filling.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap_or(filling);
        let value = placeholder::fill(declared, token, inner);
        Some(Self { value, token: Some((token.to_owned(), inner.to_owned())) })
    }

    fn write(&self, directive: &str, conf: &str, declared: Option<&str>, changes: &mut Vec<String>) -> String {
        if let Some((token, value)) = &self.token {
            changes.push(format!("dkms.conf: {token} is {value}"));
            return placeholder::fill(conf, token, value);
        }
        if declared == Some(self.value.as_str()) {
            return conf.to_owned();
        }
        changes.push(format!("dkms.conf: {directive} is set to {}", self.value));
        placeholder::assign(conf, directive, &self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, version: &str) -> Declared {
        let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Declared { name: value(name), version: value(version), unknown_because: None }
    }

    #[test]
    fn values_come_from_the_first_place_that_has_them() {
        let stem = Hints { stem: "foo-1.2", ..Hints::default() };
        let source = Hints { stem: "foo-master", module_version: Some("7.1"), ..Hints::default() };
        let given = Hints { version: Some("9"), ..stem };
        let cases = [
            (declared("foo", "1.0"), stem, "foo/1.0"),
            (declared("foo", "1.0"), given, "foo/9"),
            (declared("foo", "#MODULE_VERSION#"), stem, "foo/1.2"),
            (declared("foo", "#MODULE_VERSION#"), given, "foo/9"),
            (declared("foo", "#MODULE_VERSION#"), source, "foo/7.1"),
            (declared("@_PKGBASE@", "v@PKGVER@"), stem, "foo/v1.2"),
            (declared("", ""), stem, "foo/1.2"),
        ];
        for (declared, hints, expected) in cases {
            assert_eq!(settle("", &declared, &hints).unwrap().id.to_string(), expected);
        }
    }

    #[test]
    fn the_packaged_conf_holds_the_real_values() {
        let conf = "PACKAGE_NAME=foo\nPACKAGE_VERSION=\"@VERSION@\"\nMAKE=\"make V=@VERSION@\"\n";
        let hints = Hints { version: Some("1.2"), ..Hints::default() };
        let identity = settle(conf, &declared("foo", "@VERSION@"), &hints).unwrap();
        assert_eq!(identity.conf, "PACKAGE_NAME=foo\nPACKAGE_VERSION=\"1.2\"\nMAKE=\"make V=1.2\"\n");
        let identity = settle("PACKAGE_NAME=foo\nPACKAGE_VERSION=1\n", &declared("foo", "1"), &hints).unwrap();
        assert_eq!(identity.conf, "PACKAGE_NAME=foo\nPACKAGE_VERSION=\"1.2\"\n");
        let kept = "PACKAGE_NAME=foo\nPACKAGE_VERSION=1.2 # x\n";
        let identity = settle(kept, &declared("foo", "1.2"), &hints).unwrap();
        assert_eq!((identity.conf.as_str(), identity.changes.len()), (kept, 0));
    }

    #[test]
    fn what_is_not_known_is_asked_for() {
        let hints = Hints { stem: "foo-master", ..Hints::default() };
        let error = settle("", &declared("foo", "@VERSION@"), &hints).unwrap_err();
        let shown = Error::from(error);
        assert!(shown.message().contains("placeholder @VERSION@") && shown.hints()[0].contains("--version"), "{shown}");
        let computed = Declared { unknown_because: Some("computes it (line 3)".into()), ..declared("foo", "") };
        assert!(settle("", &computed, &hints).unwrap_err().to_string().contains("line 3"));
    }

    #[test]
    fn a_refused_character_is_named() {
        let error = settle("", &declared("foo", "1:2"), &Hints::default()).unwrap_err().to_string();
        assert!(error.contains("':'"), "{error}");
    }
}
