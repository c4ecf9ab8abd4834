//! The modules that a source builds, read from its Kbuild files and makefiles. Nothing is run, nothing outside is read:
//! what only a build can tell is reported with its place. This room imports nothing from the rest of the crate.
//!
//! Sources: the kernel's Documentation/kbuild/{modules,makefiles}.rst for what the lists mean, the manual of GNU make for
//! the language.
//!
//! [`lines`] cuts a file into assignments, conditions and rules; [`makefile`] runs over them with a [`world`] of files and
//! variables; [`expand`] and [`function`] are make's `$(…)`. A [`value`] is several texts, each under a [`guard`], the conditions
//! that a kernel's configuration decides. [`folder`] makes modules of `obj-m`, [`kconfig`] says which options of the source's
//! own to set. [`recipe`] finds the calls of the kernel's make in [`rules`]: a [`command`] is one of a shell, a [`call`] one of
//! make. [`source`] puts all that together. Every statement has a [`place`].

mod call;
mod command;
mod expand;
mod folder;
mod function;
mod guard;
mod kconfig;
mod lines;
mod makefile;
mod place;
mod recipe;
mod rules;
mod source;
mod value;
mod world;

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use place::{Note, Place};
pub(crate) use world::{KERNEL, RELEASE, ROOT};

/// A variable of the kernel's configuration on which something depends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    /// `CONFIG_X`
    pub(crate) name: String,
    /// Whether it must be set (`y` or `m`) or must not.
    pub(crate) is_set: bool,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_set { "" } else { "!" }, self.name)
    }
}

/// A module that the source builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// Its folder below the source; empty for the source itself.
    pub(crate) folder: String,
    /// Where a makefile says so.
    pub(crate) place: Place,
    /// The objects that it is linked from, below the source; none when it is made from one file of its name.
    pub(crate) parts: Vec<String>,
    /// What the kernel's configuration must have for it.
    pub(crate) needs: Vec<Need>,
    /// On what else it depends, as written.
    pub(crate) depends: Vec<String>,
}

/// One call of the kernel's make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Build {
    /// The folder below the source that `M=` must name; empty for the source itself.
    pub(crate) folder: String,
    /// Variables that the call must set. In their values [`ROOT`] stands for the folder of the source, [`RELEASE`] for the
    /// kernel's release, [`KERNEL`] for the folder of its headers.
    pub(crate) variables: Vec<(String, String)>,
}

/// The author's own make at the top of the source, where the kernel's alone would not do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) goal: Option<String>,
    /// What it must be told, as in [`Build`].
    pub(crate) variables: Vec<(String, String)>,
    /// What only it does.
    pub(crate) why: Vec<Note>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// In the order of the makefiles.
    pub(crate) modules: Vec<Module>,
    /// The calls of make that build them, in order.
    pub(crate) builds: Vec<Build>,
    /// What the kernel's configuration must have for the whole, with the error that says so.
    pub(crate) needs: Vec<(Need, Place)>,
    /// Variables of the makefile at the top that say for which kernel it builds.
    pub(crate) kernel: Vec<String>,
    /// INSTALL_MOD_DIR as the makefile sets it.
    pub(crate) install: Option<(String, Place)>,
    /// What is to be called instead of `builds`, if anything.
    pub(crate) author: Option<Author>,
    /// What could not be known.
    pub(crate) notes: Vec<Note>,
    /// What could not be followed, so that there may be more modules, or these may not build.
    pub(crate) lost: Vec<Note>,
}

/// Whether a file is one whose text [`read`] looks at; of all others only the names count.
pub(crate) fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stems = ["Makefile", "makefile", "GNUmakefile", "Kbuild", "Kconfig"];
    stems.iter().any(|stem| name.starts_with(stem))
        || [".mk", ".mak", ".make", ".inc", ".include"].iter().any(|end| name.ends_with(end))
}

/// Reads the makefiles of a source: paths below it (without `./`), each with the file's text, which may be empty for
/// files that [`is_read`] does not name.
pub(crate) fn read(files: &BTreeMap<String, String>) -> Reading {
    source::read(files, None)
}

/// The same for a make that is called with `-f FIRST`.
pub(crate) fn read_from(files: &BTreeMap<String, String>, first: &str) -> Reading {
    source::read(files, Some(first.to_owned()))
}

#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;
