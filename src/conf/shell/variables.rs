//! Shell variables during native evaluation: sparse arrays whose elements are known, or known to be unknowable.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::dynamic::Dynamic;

/// Variables that bash computes itself, or whose change alters how it reads the file: only bash can tell.
const SPECIAL: [&str; 36] = [
    "_",
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_COMMAND",
    "BASH_COMPAT",
    "BASH_LINENO",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "DIRSTACK",
    "EUID",
    "FUNCNAME",
    "GLOBIGNORE",
    "GROUPS",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LC_ALL",
    "LC_CTYPE",
    "LINENO",
    "MACHTYPE",
    "OLDPWD",
    "OSTYPE",
    "PIPESTATUS",
    "POSIXLY_CORRECT",
    "PPID",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "UID",
];

/// Variables that have other values for another kernel.
const OF_KERNEL: [&str; 4] = ["kernelver", "arch", "kernel_source_dir", "kernel_config"];

/// One element: its value, or why nobody knows it.
pub(super) type Element = Result<String, Dynamic>;

/// A variable: scalars are arrays with index 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Variable {
    /// The elements that are set.
    pub(crate) elements: BTreeMap<usize, Element>,
    /// Set where the whole variable may have been changed by something unknown.
    pub(crate) blurred: Option<Dynamic>,
}

/// What a function call adds: its arguments, and what its `local`s hide.
#[derive(Debug, Clone, Default)]
struct Frame {
    arguments: Vec<String>,
    hidden: Vec<(String, Option<Variable>)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    all: BTreeMap<String, Variable>,
    frames: Vec<Frame>,
    /// Set once an unknown command may have set any variable: what is not set here may be set in truth.
    pub(crate) wild: Option<Dynamic>,
    /// Shared with every copy: what a subshell asked for counts, too.
    asked_about_kernel: Rc<Cell<bool>>,
}

impl Variables {
    /// Whether only bash can read or set this variable rightly.
    pub(super) fn is_special(name: &str) -> bool {
        SPECIAL.contains(&name)
    }

    /// A variable if it is set; an error if that cannot be known.
    pub(super) fn get(&self, name: &str) -> Result<Option<&Variable>, Dynamic> {
        if OF_KERNEL.contains(&name) {
            self.asked_about_kernel.set(true);
        }
        match self.all.get(name) {
            Some(Variable { blurred: Some(dynamic), .. }) => Err(dynamic.clone()),
            Some(variable) => Ok(Some(variable)),
            None => self.wild.clone().map_or(Ok(None), Err),
        }
    }

    /// Whether one of [`OF_KERNEL`] was asked for.
    pub(super) fn asked_about_kernel(&self) -> bool {
        self.asked_about_kernel.get()
    }

    pub(super) fn element(&self, name: &str, index: usize) -> Result<Option<String>, Dynamic> {
        self.get(name)?.and_then(|variable| variable.elements.get(&index)).cloned().transpose()
    }

    /// Sets one element and keeps the others.
    pub(super) fn set(&mut self, name: &str, index: usize, value: Element) {
        let variable = self.all.entry(name.to_owned()).or_default();
        if variable.elements.is_empty() {
            variable.blurred = None;
        }
        variable.elements.insert(index, value);
    }

    pub(super) fn replace(&mut self, name: &str, variable: Variable) {
        self.all.insert(name.to_owned(), variable);
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.all.remove(name);
    }

    pub(super) fn unset_element(&mut self, name: &str, index: usize) {
        if let Some(variable) = self.all.get_mut(name) {
            variable.elements.remove(&index);
        }
    }

    /// Says that something unknown may have changed a variable.
    pub(super) fn blur(&mut self, name: &str, dynamic: &Dynamic) {
        self.all.entry(name.to_owned()).or_default().blurred = Some(dynamic.clone());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Variable)> {
        self.all.iter()
    }

    pub(super) fn enter(&mut self, arguments: Vec<String>) {
        self.frames.push(Frame { arguments, hidden: Vec::new() });
    }

    /// Leaves it: what its locals hid comes back.
    pub(super) fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        for (name, hidden) in frame.hidden.into_iter().rev() {
            match hidden {
                Some(variable) => self.replace(&name, variable),
                None => self.unset(&name),
            }
        }
    }

    /// Makes a variable local to the function we are in; false outside of functions.
    pub(super) fn hide(&mut self, name: &str) -> bool {
        let hidden = self.all.get(name).cloned();
        let Some(frame) = self.frames.last_mut() else { return false };
        if !frame.hidden.iter().any(|(known, _)| known == name) {
            frame.hidden.push((name.to_owned(), hidden));
            self.all.remove(name);
        }
        true
    }

    pub(super) fn arguments(&self) -> &[String] {
        self.frames.last().map_or(&[], |frame| &frame.arguments)
    }

    /// `shift N`; false when there are too few.
    pub(super) fn shift(&mut self, count: usize) -> bool {
        match self.frames.last_mut() {
            Some(frame) if count <= frame.arguments.len() => {
                frame.arguments.drain(..count);
                true
            }
            _ => count == 0,
        }
    }
}
