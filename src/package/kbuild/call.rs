//! A command that calls make: the kernel's, or another makefile of the source.

use super::command::Command;
use super::makefile::Make;
use super::place::Place;
use super::world::{self, ROOT, World, below, is_opaque};

/// `make -C KERNEL M=FOLDER NAME=VALUE…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KernelMake {
    /// The folder below the source for which the kernel builds.
    pub(super) folder: String,
    /// What is set on the command line, as far as it can be said.
    pub(super) variables: Vec<(String, String)>,
    /// Variables with a value that only make itself can tell, and the place of the command.
    pub(super) unsaid: Vec<(String, Place)>,
}

/// A makefile that another one calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Other {
    pub(super) folder: String,
    /// `-f FILE`, below the source.
    pub(super) file: Option<String>,
    pub(super) variables: Vec<(String, String)>,
}

/// What a call of make is.
pub(super) enum Sorted {
    Kernel(KernelMake),
    Other(Other),
    /// It cannot be followed, and why.
    Lost(String),
    Nothing,
}

pub(super) struct Call {
    folder: Option<String>,
    file: Option<String>,
    pub(super) variables: Vec<(String, String)>,
    goals: Vec<String>,
}

impl Call {
    /// None: it calls something else.
    pub(super) fn read(command: &Command, folder: &str) -> Option<Self> {
        let here = world::absolute(folder);
        let known = |word: &String| {
            let forms = ["$(PWD)", "${PWD}", "$PWD", "`pwd`", "$(pwd)", "$(CURDIR)"];
            forms.iter().fold(word.clone(), |text, form| text.replace(form, &here))
        };
        let mut words = command.words.iter().map(known).peekable();
        let mut call =
            Self { folder: command.folder.as_ref().map(known), file: None, variables: Vec::new(), goals: Vec::new() };
        // `VAR=x make …`: what is in the environment, a makefile sees as well.
        while let Some(word) = words.next_if(|word| word.contains('=')) {
            call.argument(&word);
        }
        let program = words.next()?;
        if !["make", "gmake"].contains(&program.rsplit('/').next().unwrap_or(&program)) {
            return None;
        }
        while let Some(word) = words.next() {
            match word.as_str() {
                // Of a folder in a variable of the environment nothing is left here.
                "-C" | "--directory" => call.enter(words.next_if(|word| is_folder(word)).as_deref()),
                "-f" | "--file" | "--makefile" => call.file = words.next(),
                "-j" => drop(words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()))),
                "-I" | "-o" | "-W" | ">" | "<" => drop(words.next()),
                _ if word.starts_with("-C") => call.enter(Some(&word[2..])),
                _ if word.starts_with("--directory=") => call.enter(word.strip_prefix("--directory=")),
                _ if word.starts_with('-') => {}
                _ => call.argument(&word),
            }
        }
        Some(call)
    }

    fn enter(&mut self, folder: Option<&str>) {
        let Some(folder) = folder else { return };
        self.folder = Some(match &self.folder {
            Some(outer) if !folder.starts_with(['/', ROOT]) => format!("{outer}/{folder}"),
            _ => folder.to_owned(),
        });
    }

    /// A variable or a goal.
    fn argument(&mut self, word: &str) {
        match word.split_once('=') {
            Some((name, value)) => {
                let name = name.trim_end_matches([':', '?', '+']);
                self.variables.push((name.to_owned(), value.to_owned()));
            }
            None => self.goals.push(word.to_owned()),
        }
    }

    /// Whether it builds, and does not only clean or install.
    pub(super) fn builds(&self) -> bool {
        self.goals.is_empty()
            || self.goals.iter().any(|goal| !["clean", "install", "help"].iter().any(|word| goal.contains(word)))
    }

    /// Tells the kernel's make from those of the source.
    pub(super) fn sort(self, make: &Make<'_, '_>, place: &Place) -> Sorted {
        let kernel = self.variables.iter().find(|(name, _)| ["M", "SUBDIRS", "KBUILD_EXTMOD"].contains(&name.as_str()));
        let is_kernel = self.variables.iter().any(|(name, _)| name == "M" || name == "KBUILD_EXTMOD")
            || self.folder.as_ref().is_none_or(|folder| folder.starts_with('/') || is_opaque(folder));
        let Some((_, value)) = kernel.filter(|_| is_kernel) else { return self.other(make) };
        let from = self.folder.as_deref().filter(|folder| folder.contains(ROOT)).and_then(|folder| below(folder, ""));
        let folder = match value.as_str() {
            "" => Some(make.folder.clone()),
            value => below(value, &from.unwrap_or_else(|| make.folder.clone())),
        };
        let Some(folder) = folder else {
            let shown = make.world.shown(value);
            return Sorted::Lost(format!("has the kernel build {shown}, which is known only when it is built"));
        };
        if is_configure_test(&folder) {
            return Sorted::Nothing;
        }
        let (mut variables, mut unsaid) = (Vec::new(), Vec::new());
        for (name, value) in self.variables.into_iter().filter(|(name, _)| is_kept(name)) {
            match said(make.world, &value) {
                Some(value) if value.is_empty() => {}
                Some(value) => variables.push((name, value)),
                None => unsaid.push((name, place.clone())),
            }
        }
        Sorted::Kernel(KernelMake { folder, variables, unsaid })
    }

    /// A makefile of the source, or one elsewhere.
    fn other(self, make: &Make<'_, '_>) -> Sorted {
        let folder = self.folder.as_deref().unwrap_or("");
        let shown = make.world.shown(folder);
        if is_opaque(folder.rsplit(ROOT).next().unwrap_or(folder)) || folder.contains('$') {
            let is_elsewhere = folder.starts_with('/')
                || ["<$(shell uname", "<KERNEL", "<K"].iter().any(|start| shown.starts_with(start));
            return if is_elsewhere {
                Sorted::Nothing
            } else {
                Sorted::Lost(format!("calls make in {shown}, which is known only when it runs"))
            };
        }
        if folder.starts_with('/') {
            return Sorted::Nothing;
        }
        let Some(path) = below(folder, &make.folder) else { return Sorted::Nothing };
        let file = self.file.as_ref().and_then(|file| below(file, &path));
        let is_there = make.world.files.keys().any(|file| path.is_empty() || file.starts_with(&format!("{path}/")));
        if !is_there {
            return Sorted::Lost(format!("calls make in {shown}, which the source does not hold"));
        }
        if is_configure_test(&path) {
            return Sorted::Nothing;
        }
        let known = |(name, value): (String, String)| Some((name, said(make.world, &value)?));
        Sorted::Other(Other { folder: path, file, variables: self.variables.into_iter().filter_map(known).collect() })
    }
}

/// Whether the word after `-C` is its folder.
fn is_folder(word: &str) -> bool {
    !word.contains('=') && !["modules", "modules_install", "clean", "all"].contains(&word)
}

/// Whether a folder holds what only tries out what a kernel has.
pub(super) fn is_configure_test(folder: &str) -> bool {
    let names = ["conftest", "conftests", "configure", "config-test", "dummy", "compat-tests", "feature-tests"];
    folder.split('/').any(|part| names.contains(&part))
}

/// A text with the marks of [`world`] in it, if it can be said in a dkms.conf: none but the kernel's release and folder stand
/// for what is not known, and a shell and make would take it as it is.
pub(super) fn said(world: &World<'_>, text: &str) -> Option<String> {
    let text = world.with_kernel(text);
    let is_plain = |c: char| !c.is_control() && !['$', '`', '!', '\u{FFFD}'].contains(&c);
    (!world::is_opaque(&text) && text.chars().all(is_plain)).then_some(text)
}

/// Variables that say how to build and not what, or that DKMS and the kernel set themselves.
const NOT_KEPT: [&str; 19] = [
    "M",
    "MO",
    "SUBDIRS",
    "KBUILD_EXTMOD",
    "ARCH",
    "CROSS_COMPILE",
    "CC",
    "LD",
    "HOSTCC",
    "LLVM",
    "V",
    "O",
    "W",
    "C",
    "KBUILD_VERBOSE",
    "INSTALL_MOD_PATH",
    "INSTALL_MOD_DIR",
    "DESTDIR",
    "CONFIG_MODULE_SIG",
];

/// Whether a variable of a command line is one that a dkms.conf repeats.
pub(super) fn is_kept(name: &str) -> bool {
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    is_name && !NOT_KEPT.contains(&name)
}
