//! MAKE of a dkms.conf beside the makefiles that it calls.

use super::finding::{Found, Subject, values, values_of};
use super::text::{assignments, has_script};
use crate::conf::{ConfError, Partial};
use crate::package::module::mkconf::Facts;

/// Variables that the kernel's makefiles, make itself or DKMS read.
const OF_THE_KERNEL: [&str; 29] = [
    "KERNELRELEASE",
    "KERNELVERSION",
    "M",
    "MO",
    "SUBDIRS",
    "ARCH",
    "SUBARCH",
    "CROSS_COMPILE",
    "CC",
    "LD",
    "AR",
    "NM",
    "OBJCOPY",
    "HOSTCC",
    "HOSTLD",
    "LLVM",
    "LLVM_IAS",
    "V",
    "O",
    "W",
    "C",
    "CF",
    "MODLIB",
    "DESTDIR",
    "CFLAGS_MODULE",
    "AFLAGS_MODULE",
    "LDFLAGS_MODULE",
    "RUSTFLAGS_MODULE",
    "KAFLAGS",
];

/// A call of make in a dkms.conf.
pub(super) struct MakeLine {
    /// `NAME=…` of it, names only.
    variables: Vec<String>,
    /// The folder of `-C`, as written.
    pub(super) folder: Option<String>,
    /// The makefile of `-f`, below the source.
    pub(super) file: Option<String>,
    /// Whether it calls the kernel's make with nothing that says what to build.
    pub(super) is_plain: bool,
    /// Whether it names the kernel to build for.
    names_kernel: bool,
    /// What it asks make to make.
    pub(super) goals: Vec<String>,
    /// Whether DKMS adds KERNELRELEASE to it: not where make stands in quotes.
    is_bare: bool,
}

impl MakeLine {
    /// MAKE[0], or what DKMS does without one; None where something else than make is run, or cannot be read.
    pub(super) fn of(subject: &Subject<'_>) -> Option<Self> {
        let has_more = values(subject, "MAKE").any(|(index, _)| index > 0);
        let Some((_, value)) = values(subject, "MAKE").next() else {
            // One that is not known is somebody's own.
            let is_set = assignments(subject.text).any(|(_, name, _)| name == "MAKE");
            let usual = Self {
                variables: Vec::new(),
                folder: Some("$kernel_source_dir".to_owned()),
                file: None,
                is_plain: true,
                names_kernel: true,
                goals: Vec::new(),
                is_bare: true,
            };
            return (!is_set).then_some(usual);
        };
        let line = Self::read(value)?;
        Some(Self { is_plain: line.is_plain && !has_more, ..line })
    }

    fn read(value: &str) -> Option<Self> {
        if value.contains([';', '|', '&', '>', '<', '`']) || value.contains("$(") {
            return None;
        }
        let is_bare = value.starts_with("make");
        let bare: String = value.chars().filter(|c| !['"', '\''].contains(c)).collect();
        let mut words = bare.split_whitespace().skip_while(|word| *word == "env" || word.contains('='));
        words.next().filter(|program| *program == "make" || program.ends_with("/make"))?;
        let mut line = Self {
            variables: Vec::new(),
            folder: None,
            file: None,
            is_plain: true,
            names_kernel: bare.contains("/lib/modules/"),
            goals: Vec::new(),
            is_bare,
        };
        while let Some(word) = words.next() {
            match (word, word.split_once('=')) {
                ("-C", _) => line.folder = words.next().map(str::to_owned),
                ("-f" | "--file" | "--makefile", _) => line.file = words.next().map(str::to_owned),
                ("-j" | "-l", _) => drop(words.next()),
                (_, Some(("--file" | "--makefile", file))) => line.file = Some(file.to_owned()),
                (option, _) if option.starts_with("-f") => line.file = Some(option[2..].to_owned()),
                (option, _) if option.starts_with("-C") => line.folder = Some(option[2..].to_owned()),
                (option, _) if option.starts_with('-') => {}
                (_, Some((name, _))) => {
                    // `NAME+=…`, `NAME:=…`
                    let name = name.trim_end_matches([':', '?', '+']);
                    line.is_plain &= OF_THE_KERNEL.contains(&name) || is_kernels_name(name);
                    line.variables.push(name.to_owned());
                }
                (goal, None) => {
                    line.is_plain &= ["all", "modules", "default"].contains(&goal);
                    line.goals.push(goal.to_owned());
                }
            }
        }
        // One of another folder is none of the source's, as far as can be told.
        let is_here = |file: &String| line.folder.is_none() && !file.starts_with('/') && !file.contains('$');
        line.file.as_ref().is_none_or(is_here).then_some(line)
    }

    /// The makefile that it begins with, and its text.
    pub(super) fn makefile<'f>(&'f self, facts: &'f Facts) -> Option<(&'f str, &'f str)> {
        let usual = ["GNUmakefile", "makefile", "Makefile"];
        let names = self.file.as_deref().map_or_else(|| usual.to_vec(), |file| vec![plain(file)]);
        names.into_iter().find_map(|name| Some((name, facts.makefiles.get(name)?.as_str())))
    }

    /// Whether the makefile finds KERNELRELEASE set.
    pub(super) fn is_given_release(&self) -> bool {
        self.is_bare || self.variables.iter().any(|name| name == "KERNELRELEASE")
    }
}

fn plain(file: &str) -> &str {
    file.trim_start_matches("./")
}

/// The makefile below the source with which make begins, where MAKE of this dkms.conf names one.
pub(crate) fn named_makefile(conf: &Result<Partial, ConfError>) -> Option<String> {
    let (_, value) = values_of(conf, "MAKE").next()?;
    MakeLine::read(value)?.file.map(|file| plain(&file).to_owned())
}

/// Whether a variable by its name says for which kernel to build.
fn is_kernels_name(name: &str) -> bool {
    ["KVER", "KDIR", "KERN", "KSRC", "KBUILD", "KBASE", "LINUX", "KLIB", "KPATH", "INSTALL_MOD"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// A makefile that asks for the running kernel, and a MAKE that does not tell it another one.
pub(super) fn running_makefile(subject: &Subject<'_>) -> Vec<Found> {
    let (Some((_, facts)), Some(make)) = (subject.source, MakeLine::of(subject)) else { return Vec::new() };
    let Some((_, value)) = values(subject, "MAKE").next() else { return Vec::new() };
    let Some((name, text)) = make.makefile(facts) else { return Vec::new() };
    let tells = make.folder.is_some()
        || make.names_kernel
        || make
            .variables
            .iter()
            .any(|name| is_kernels_name(name) || facts.reading.kernel.iter().any(|kernel| kernel == name))
        || make.variables.iter().any(|name| name == "KERNELRELEASE");
    // DKMS adds KERNELRELEASE to a make without quotes.
    let asks = make.is_bare && text.contains("KERNELRELEASE");
    let line = text.lines().position(|line| !line.trim_start().starts_with('#') && line.contains("uname -r"));
    let (Some(line), false, false) =
        (line, tells || value.contains("kernelver") || subject.text.contains("export "), asks || has_script(subject))
    else {
        return Vec::new();
    };
    let text = format!("{name} builds for the running kernel, and MAKE does not tell it another one");
    vec![Found { file: Some(name.to_owned()), line: Some(line + 1), text }]
}

/// Variables in MAKE of which no makefile and no script of the source speaks.
pub(super) fn unread_variables(subject: &Subject<'_>) -> Vec<Found> {
    let (Some((payload, facts)), Some(make)) = (subject.source, MakeLine::of(subject)) else { return Vec::new() };
    let is_generated = payload.entries.iter().any(|entry| {
        entry.path.ends_with(".in") || entry.path.ends_with("configure") || entry.path.ends_with("CMakeLists.txt")
    });
    // What make is called with, the makefiles that could not be read may want.
    if is_generated || has_script(subject) || facts.makefiles.is_empty() || !facts.reading.lost.is_empty() {
        return Vec::new();
    }
    let is_foreign = facts.reading.notes.iter().any(|note| note.sentence.contains("includes"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_read =
        |name: &str| facts.makefiles.values().any(|text| text.split(|c| !is_part(c)).any(|word| word == name));
    let others = |name: &&String| {
        !OF_THE_KERNEL.contains(&name.as_str())
            && !["CONFIG_", "KBUILD", "INSTALL_", "KCFLAGS", "KCPPFLAGS", "EXTRA_", "ccflags", "LLVM"]
                .iter()
                .any(|start| name.starts_with(start))
            && !name.contains('$')
    };
    let unread = make.variables.iter().filter(others).filter(|name| !is_foreign && !is_read(name));
    unread.map(|name| subject.located(&format!("MAKE sets {name}, which no makefile of the source reads"))).collect()
}
