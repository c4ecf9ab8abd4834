//! The command line that DKMS has always had: one action, options and one operand in any order.

use std::path::PathBuf;

use clap::Parser;

use crate::error::{Error, Result};
use crate::exit::Kind;

/// Words that name an action of this form.
pub(crate) const ACTIONS: &[&str] = &[
    "add",
    "build",
    "install",
    "uninstall",
    "unbuild",
    "remove",
    "match",
    "autoinstall",
    "reconcile",
    "mktarball",
    "ldtarball",
    "status",
    "check",
    "fsck",
    "generate_mok",
    "kernel_preinst",
    "kernel_postinst",
    "kernel_prerm",
];

/// What was typed.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "dkms", disable_version_flag = true, disable_help_flag = true, no_binary_name = true)]
pub(crate) struct Typed {
    /// The action and the operand: MODULE/VERSION, a folder or file with a dkms.conf, or a source archive
    #[arg(value_name = "ACTION|OPERAND")]
    pub(crate) words: Vec<String>,
    /// Module name, or name and version (repeatable for reconcile)
    #[arg(short = 'm', long = "module", visible_alias = "mod", value_name = "NAME[/VERSION]")]
    pub(crate) modules: Vec<String>,
    /// Module version
    #[arg(short = 'v', value_name = "VERSION", overrides_with = "version_of_module")]
    pub(crate) version_of_module: Option<String>,
    /// Kernel release, or release and architecture (repeatable); default: the running kernel, or those of a root that is not running
    #[arg(short = 'k', long = "kernelver", visible_alias = "kernel", value_name = "KERNEL[/ARCH]")]
    pub(crate) kernels: Vec<String>,
    /// Architecture (repeatable); default: that of this machine
    #[arg(short = 'a', long = "arch", value_name = "ARCH")]
    pub(crate) arches: Vec<String>,
    /// Every kernel the module is built for
    #[arg(long)]
    pub(crate) all: bool,
    /// Use this file instead of the source's dkms.conf
    #[arg(short = 'c', value_name = "FILE", overrides_with = "conf")]
    pub(crate) conf: Option<PathBuf>,
    /// Use this file as the kernel's configuration
    #[arg(long = "config", value_name = "FILE", overrides_with = "kernel_config")]
    pub(crate) kernel_config: Option<PathBuf>,
    /// Build against this folder instead of the kernel's own headers
    #[arg(long, value_name = "DIR", overrides_with = "kernelsourcedir")]
    pub(crate) kernelsourcedir: Option<PathBuf>,
    /// Override a directive of dkms.conf (repeatable)
    #[arg(long = "directive", value_name = "NAME=VALUE")]
    pub(crate) directives: Vec<String>,
    /// match: the kernel whose modules are to be installed on -k as well
    #[arg(long, value_name = "KERNEL", overrides_with = "templatekernel")]
    pub(crate) templatekernel: Option<String>,
    /// The archive to read or write
    #[arg(long, value_name = "FILE", overrides_with = "archive")]
    pub(crate) archive: Option<PathBuf>,
    /// Do it although it is done already, a dependency is missing or the version check says no
    #[arg(long)]
    pub(crate) force: bool,
    /// Install whatever version the kernel has already
    #[arg(long)]
    pub(crate) force_version_override: bool,
    /// Archives without source
    #[arg(long)]
    pub(crate) binaries_only: bool,
    /// Archives without builds
    #[arg(long)]
    pub(crate) source_only: bool,
    /// Do not run depmod
    #[arg(long)]
    pub(crate) no_depmod: bool,
    /// Load the modules after installing them for the running kernel
    #[arg(long)]
    pub(crate) modprobe_on_install: bool,
    /// Install links into the DKMS tree instead of copies
    #[arg(long)]
    pub(crate) symlink_modules: bool,
    /// For RPM scriptlets: the removal of what the same transaction has just added cancels itself
    #[arg(long = "rpm_safe_upgrade")]
    pub(crate) rpm_safe_upgrade: bool,
    /// Work on the root below this folder, which is not running; see OTHER ROOTS in dkms(8)
    #[arg(long, value_name = "DIR", overrides_with = "root")]
    pub(crate) root: Option<PathBuf>,
    /// The DKMS tree; default /var/lib/dkms
    #[arg(long, value_name = "DIR", overrides_with = "dkmstree")]
    pub(crate) dkmstree: Option<PathBuf>,
    /// The source tree; default /usr/src
    #[arg(long, value_name = "DIR", overrides_with = "sourcetree")]
    pub(crate) sourcetree: Option<PathBuf>,
    /// The tree of the kernels' modules; default /lib/modules
    #[arg(long, value_name = "DIR", overrides_with = "installtree")]
    pub(crate) installtree: Option<PathBuf>,
    /// How many compilers may run at once (0: no limit)
    #[arg(short = 'j', value_name = "N", overrides_with = "jobs")]
    pub(crate) jobs: Option<usize>,
    /// Nothing on standard output and standard error
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,
    /// More about what is done
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Everything about what is done
    #[arg(long)]
    pub(crate) debug: bool,
    /// Print what would be done and why, and do nothing
    #[arg(long, visible_alias = "dry_run")]
    pub(crate) dry_run: bool,
    /// fsck: mend what is found
    #[arg(long)]
    pub(crate) repair: bool,
    /// Print what came of it (the states, the plan) as one JSON document; see JSON in dkms(8)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the version
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
    /// Print this help
    #[arg(short = 'h', long)]
    pub(crate) help: bool,
    /// Ignored (deprecated)
    #[arg(long = "no-initrd", hide = true)]
    pub(crate) no_initrd: bool,
    /// Ignored (deprecated)
    #[arg(long = "no-clean-kernel", hide = true)]
    pub(crate) no_clean_kernel: bool,
    /// Ignored (deprecated)
    #[arg(long = "no-prepare-kernel", hide = true)]
    pub(crate) no_prepare_kernel: bool,
}

/// An action with its operand, taken out of the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// One of [`ACTIONS`]; None: there was none.
    pub(crate) action: Option<&'static str>,
    /// The operand.
    pub(crate) operand: Option<String>,
    /// Words that are of no use.
    pub(crate) surplus: Vec<String>,
}

impl Typed {
    /// The module of -m; where several are given to an action on one, the last.
    pub(crate) fn module(&self) -> Option<&str> {
        self.modules.last().map(String::as_str)
    }

    /// Finds the action among the words: the first word that names one. Two actions are an error (4); a word where an
    /// action is needed that names none is one, too (2).
    pub(crate) fn split_words(&self) -> Result<Words> {
        let named = |word: &String| ACTIONS.iter().copied().find(|action| action == word);
        let mut words = Words { action: None, operand: None, surplus: Vec::new() };
        for word in &self.words {
            match (named(word), words.action) {
                (Some(action), None) => words.action = Some(action),
                (Some(second), Some(first)) => {
                    return Err(Error::new(Kind::TwoActions, format!("two actions at once: {first} and {second}"))
                        .hint("run them one after the other"));
                }
                (None, _) if words.operand.is_none() => words.operand = Some(word.clone()),
                (None, _) => words.surplus.push(word.clone()),
            }
        }
        match (words.action, &words.operand) {
            (None, Some(word)) => Err(Error::new(Kind::BadOption, format!("`{word}` is no action of dkms"))
                .hint("`dkms --help` lists the actions")),
            _ => Ok(words),
        }
    }

    /// Notices about options that have no effect any more.
    pub(crate) fn deprecated(&self) -> Vec<String> {
        [
            (self.no_initrd, "--no-initrd"),
            (self.no_clean_kernel, "--no-clean-kernel"),
            (self.no_prepare_kernel, "--no-prepare-kernel"),
        ]
        .iter()
        .filter(|(given, _)| *given)
        .map(|(_, option)| format!("{option} is deprecated and has no effect"))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Typed {
        Typed::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn options_stand_before_between_and_after_action_and_operand() {
        for line in [
            "build foo/1.0 -k 6.1.0",
            "-k 6.1.0 build foo/1.0",
            "build -k 6.1.0 foo/1.0",
            "--kernelver=6.1.0 build foo/1.0",
            "build --kernelver 6.1.0 foo/1.0 -q",
        ] {
            let typed = typed(line);
            let words = typed.split_words().expect("one action");
            assert_eq!((words.action, words.operand.as_deref()), (Some("build"), Some("foo/1.0")), "{line}");
            assert_eq!(typed.kernels, ["6.1.0"], "{line}");
        }
    }

    #[test]
    fn wrong_words_have_the_codes_that_callers_know() {
        for (line, code) in [("add build", 4), ("frobnicate", 2), ("status install x", 4)] {
            assert_eq!(typed(line).split_words().map_err(|error| error.kind().code()), Err(code), "{line}");
        }
    }

    #[test]
    fn further_operands_are_surplus() {
        let words = typed("add a b c").split_words().expect("one action");
        assert_eq!(words.surplus, ["b", "c"]);
    }
}
