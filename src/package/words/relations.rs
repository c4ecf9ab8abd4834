//! What a package needs, offers and excludes, in the words that both formats share; each format writes them its own way.

pub(crate) mod parse;

/// How a package relates to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It cannot be without them.
    Requires,
    /// It wants them where they can be had.
    Recommends,
    /// They are of use beside it.
    Suggests,
    /// It wants to be there when they are (RPM only).
    Supplements,
    /// It can be used in their place.
    Provides,
    /// It cannot be beside them.
    Conflicts,
    /// They have to go, or to be upgraded, before it comes (Debian only; RPM: what it replaces).
    Breaks,
    /// It takes their place: Replaces in Debian, Obsoletes in RPM.
    Replaces,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// A point in the life of a package at which a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Before its files come: %pre, preinst.
    BeforeInstall,
    /// After its files came: %post, postinst.
    AfterInstall,
    /// Before its files go: %preun, prerm.
    BeforeRemoval,
    /// After its files went: %postun, postrm.
    AfterRemoval,
    /// At the end of the transaction that brought it: %posttrans (RPM only).
    AfterTransaction,
}

/// A script of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) phase: Phase,
    /// Its text, with the interpreter's line for Debian and without one for RPM.
    pub(crate) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    pub(crate) kind: Kind,
    /// The other package's name, or what the format takes in its place: `a | b` in Debian, `(a if b)` in RPM.
    pub(crate) name: String,
    pub(crate) version: Option<(Compare, String)>,
    /// The script that needs it (RPM only).
    pub(crate) phase: Option<Phase>,
}

impl Relation {
    pub(crate) fn any(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), version: None, phase: None }
    }

    pub(crate) fn exactly(kind: Kind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { version: Some((Compare::Equal, version.into())), ..Self::any(kind, name) }
    }

    pub(crate) fn at_least(kind: Kind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { version: Some((Compare::GreaterOrEqual, version.into())), ..Self::any(kind, name) }
    }

    #[must_use]
    pub(crate) fn by(self, phase: Phase) -> Self {
        Self { phase: Some(phase), ..self }
    }
}

impl Compare {
    /// The sign that spec files and pacman have (rpm-spec(5), PKGBUILD(5)).
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Compare::Less => "<",
            Compare::LessOrEqual => "<=",
            Compare::Equal => "=",
            Compare::GreaterOrEqual => ">=",
            Compare::Greater => ">",
        }
    }

    /// The sign in Debian's control files (deb-control(5)).
    pub(crate) fn debian(self) -> &'static str {
        match self {
            Compare::Less => "<<",
            Compare::Greater => ">>",
            other => other.sign(),
        }
    }
}
