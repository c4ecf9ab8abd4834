//! The options that DKMS has always had, and ours of the same form. Which verb takes which stands in [`super::verbs`].

use std::path::PathBuf;

use clap::Args;

use crate::engine::ourselves::Ground;

/// Taken by every verb of this form.
pub(crate) const ALWAYS: &[&str] = &[
    "root",
    "dkmstree",
    "sourcetree",
    "installtree",
    "quiet",
    "verbose",
    "debug",
    "version",
    "help",
    "no_initrd",
    "no_clean_kernel",
    "no_prepare_kernel",
];

// Ids of arguments that go together.
pub(crate) const MODULE: &[&str] = &["modules", "version_of_module"];
pub(crate) const KERNELS: &[&str] = &["kernels", "arches"];
pub(crate) const ALL: &[&str] = &["all"];
pub(crate) const CONF: &[&str] = &["conf"];
pub(crate) const SOURCES: &[&str] = &["archive"];
pub(crate) const BUILDING: &[&str] = &["kernel_config", "kernelsourcedir", "directives"];
pub(crate) const TOOLCHAIN: &[&str] = &["toolchain"];
pub(crate) const FORCE: &[&str] = &["force"];
pub(crate) const JOBS: &[&str] = &["jobs"];
pub(crate) const INSTALLING: &[&str] =
    &["force_version_override", "no_depmod", "modprobe_on_install", "symlink_modules", "rpm_safe_upgrade"];
pub(crate) const UNMAKING: &[&str] = &["no_depmod", "rpm_safe_upgrade"];
pub(crate) const TEMPLATE: &[&str] = &["templatekernel"];
pub(crate) const ARCHIVE: &[&str] = &["archive", "source_only", "binaries_only"];
pub(crate) const OUTPUT: &[&str] = &["output"];
pub(crate) const REPAIR: &[&str] = &["repair"];
pub(crate) const HEADERS: &[&str] = &["headers", "from_repos"];
pub(crate) const JSON: &[&str] = &["json"];
pub(crate) const FORMAT: &[&str] = &["format"];
pub(crate) const CHANGING: &[&str] = &["dry_run", "json"];

/// What scripts pass to every action of the shell DKMS that changes something: one set of options for add, build, install
/// and remove. (`--all` is refused where it makes no sense, with a code that callers know.)
pub(crate) const LEGACY: &[&[&str]] = &[KERNELS, ALL, CONF, BUILDING, FORCE, JOBS, INSTALLING];

/// How `check` tells what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// lines for people
    Text,
    /// the document of --json
    Json,
    /// numbers for Prometheus
    Openmetrics,
}

#[derive(Debug, Clone, Default, Args)]
#[command(disable_version_flag = true, disable_help_flag = true)]
pub(crate) struct Typed {
    /// The operand; the verb has been taken out
    #[arg(value_name = "OPERAND")]
    pub(crate) words: Vec<String>,
    /// The module; reconcile and check take several
    #[arg(short = 'm', long = "module", visible_alias = "mod", value_name = "MODULE[/VERSION]")]
    pub(crate) modules: Vec<String>,
    /// Its version
    #[arg(short = 'v', value_name = "VERSION", overrides_with = "version_of_module")]
    pub(crate) version_of_module: Option<String>,
    /// The kernel (repeatable)
    ///
    /// Without it the running kernel is meant; with status, check and reconcile, and in a root that is not running, every one.
    #[arg(short = 'k', long = "kernelver", visible_alias = "kernel", value_name = "KERNEL[/ARCH]")]
    pub(crate) kernels: Vec<String>,
    /// The kernel's architecture [default: this machine's]
    #[arg(short = 'a', long = "arch", value_name = "ARCH")]
    pub(crate) arches: Vec<String>,
    /// Every kernel that the module is built for
    #[arg(long)]
    pub(crate) all: bool,
    /// Use this file in place of the source's dkms.conf
    #[arg(short = 'c', value_name = "FILE", overrides_with = "conf")]
    pub(crate) conf: Option<PathBuf>,
    /// Use this file as the configuration of the kernel
    #[arg(long = "config", value_name = "FILE", overrides_with = "kernel_config", hide_short_help = true)]
    pub(crate) kernel_config: Option<PathBuf>,
    /// Build against the headers in this folder
    #[arg(long, value_name = "DIR", overrides_with = "kernelsourcedir", hide_short_help = true)]
    pub(crate) kernelsourcedir: Option<PathBuf>,
    /// Build with make and compilers of this root, or of this host: for --root DIR without them
    #[arg(long, value_name = "DIR|host", overrides_with = "toolchain", hide_short_help = true)]
    pub(crate) toolchain: Option<PathBuf>,
    /// Override a directive of dkms.conf (repeatable)
    #[arg(long = "directive", value_name = "NAME=VALUE", hide_short_help = true)]
    pub(crate) directives: Vec<String>,
    /// The kernel whose modules are wanted for -k as well
    #[arg(long, value_name = "KERNEL", overrides_with = "templatekernel")]
    pub(crate) templatekernel: Option<String>,
    /// The archive to read or write
    #[arg(long, value_name = "FILE", overrides_with = "archive")]
    pub(crate) archive: Option<PathBuf>,
    /// Repeat finished work; ignore missing dependencies and the version check
    #[arg(long)]
    pub(crate) force: bool,
    /// Install even if the kernel has the same or a newer version
    #[arg(long, hide_short_help = true)]
    pub(crate) force_version_override: bool,
    /// Leave the source out
    #[arg(long)]
    pub(crate) binaries_only: bool,
    /// Leave the builds out
    #[arg(long)]
    pub(crate) source_only: bool,
    /// Do not run depmod
    #[arg(long)]
    pub(crate) no_depmod: bool,
    /// Load the modules after installing them for the running kernel
    #[arg(long)]
    pub(crate) modprobe_on_install: bool,
    /// Install links into the DKMS tree instead of copies
    #[arg(long, hide_short_help = true)]
    pub(crate) symlink_modules: bool,
    /// For RPM scriptlets: do not remove what the same transaction has added
    #[arg(long = "rpm_safe_upgrade", hide_short_help = true)]
    pub(crate) rpm_safe_upgrade: bool,
    /// Work on the system below this folder; see OTHER ROOTS in dkms(8)
    #[arg(long, value_name = "DIR", overrides_with = "root")]
    pub(crate) root: Option<PathBuf>,
    /// The DKMS tree [default: /var/lib/dkms]
    #[arg(long, value_name = "DIR", overrides_with = "dkmstree")]
    pub(crate) dkmstree: Option<PathBuf>,
    /// The source tree [default: /usr/src]
    #[arg(long, value_name = "DIR", overrides_with = "sourcetree")]
    pub(crate) sourcetree: Option<PathBuf>,
    /// The folder of the kernels' modules [default: /lib/modules]
    #[arg(long, value_name = "DIR", overrides_with = "installtree")]
    pub(crate) installtree: Option<PathBuf>,
    /// Run at most so many compilers at once (0: no limit)
    #[arg(short = 'j', value_name = "N", overrides_with = "jobs")]
    pub(crate) jobs: Option<usize>,
    /// Print nothing
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,
    /// Tell more
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Tell each decision, each command and each written file
    #[arg(long)]
    pub(crate) debug: bool,
    /// Show what would be done and why, and do nothing
    #[arg(long, visible_alias = "dry_run")]
    pub(crate) dry_run: bool,
    /// The folder, or the image FILE.raw, to be made [default: dkms-KERNEL]
    #[arg(long, short = 'o', value_name = "FILE|DIR", overrides_with = "output")]
    pub(crate) output: Option<PathBuf>,
    /// Repair what is found
    #[arg(long)]
    pub(crate) repair: bool,
    /// A folder of kernel headers (repeatable)
    #[arg(long, value_name = "DIR")]
    pub(crate) headers: Vec<PathBuf>,
    /// Fetch what the next upgrade by apt or dnf would bring
    #[arg(long)]
    pub(crate) from_repos: bool,
    /// Print the result as a JSON document; see JSON in dkms(8)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print what was found in this format
    #[arg(long, value_name = "FORMAT", overrides_with = "format")]
    pub(crate) format: Option<Format>,
    /// Print the version
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
    /// Explain this action
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

impl Typed {
    /// What a process of ours has that works there.
    pub(crate) fn on(ground: &Ground) -> Self {
        let [dkmstree, sourcetree, installtree] = ground.trees.clone().map(Some);
        Self { root: Some(ground.root.clone()), dkmstree, sourcetree, installtree, ..Self::default() }
    }

    /// The module of -m; where several are given to an action on one, the last.
    pub(crate) fn module(&self) -> Option<&str> {
        self.modules.last().map(String::as_str)
    }

    /// What stands on the line besides options.
    pub(crate) fn operand(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
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
