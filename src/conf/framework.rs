//! framework.conf, framework.conf.d and the vendor's: settings of this machine, each with the place it came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::module::Directives;
use super::policy::{self, Policies};
use super::room::{self, RoomSettings};
use super::shell::{Evaluations, Reach, Shell};
use super::truth::truth;
use super::{ConfError, destination};
use crate::sys::{System, environment};

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file, with the line from 1 if known.
    File(PathBuf, Option<usize>),
    Environment,
    CommandLine,
}

/// `try_sign_modules`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TrySign {
    Yes,
    No,
    /// Unless the process runs in a chroot (the default).
    #[default]
    NotInChroot,
}

/// The settings. Paths are those of the root (without it in front).
#[derive(Debug, Clone)]
pub(crate) struct Framework {
    /// `source_tree`, default /usr/src
    pub(crate) source_tree: PathBuf,
    /// `dkms_tree`, default /var/lib/dkms
    pub(crate) dkms_tree: PathBuf,
    /// `install_tree`, default /lib/modules
    pub(crate) install_tree: PathBuf,
    /// `tmp_location`, default $TMPDIR or /tmp
    pub(crate) tmp_location: PathBuf,
    /// Yes/no settings: verbose, symlink_modules, autoinstall_all_kernels, modprobe_on_install, continue_on_error, and
    /// hold (a kernel that lacks an essential module may fail its package).
    pub(crate) switches: BTreeMap<&'static str, bool>,
    /// `parallel_jobs`, also from the environment; None: the number of processors.
    pub(crate) parallel_jobs: Option<usize>,
    /// `memory_per_job`: bytes that a job is taken to need where no number of jobs was given; 0: memory bounds nothing.
    pub(crate) memory_per_job: u64,
    /// `build_nice`: how far builds let others go first, 0 to 19 as for nice(1).
    pub(crate) build_nice: u8,
    /// `compress_gzip_opts`, `compress_xz_opts`, `compress_zstd_opts` when set to other than the default.
    pub(crate) compress_options: BTreeMap<&'static str, String>,
    /// `build_environment`
    pub(crate) build_environment: Option<PathBuf>,
    /// `pass_environment`: variables of the caller that builds and scripts find, too; `X*` for all that begin with `X`.
    pub(crate) pass_environment: Vec<String>,
    /// `try_sign_modules`
    pub(crate) try_sign: TrySign,
    /// `post_transaction`
    pub(crate) post_transaction: Option<String>,
    /// `sign_file` ($kernelver not yet expanded)
    pub(crate) sign_file: Option<String>,
    /// `mok_signing_key` ($kernelver not yet expanded)
    pub(crate) mok_signing_key: Option<String>,
    /// `mok_certificate` ($kernelver not yet expanded)
    pub(crate) mok_certificate: Option<String>,
    /// `second_signing_key` ($kernelver not yet expanded)
    pub(crate) second_signing_key: Option<String>,
    /// `second_certificate` ($kernelver not yet expanded)
    pub(crate) second_certificate: Option<String>,
    /// `prebuilt=repo`: what packages bring finished is not built.
    pub(crate) prebuilt: bool,
    pub(crate) policies: Policies,
    pub(crate) room: RoomSettings,
    /// Where each setting that is not a default came from.
    pub(crate) origins: BTreeMap<&'static str, Origin>,
}

/// Every name that these files may set.
const NAMES: [&str; 42] = [
    "source_tree",
    "dkms_tree",
    "install_tree",
    "tmp_location",
    "verbose",
    "symlink_modules",
    "autoinstall_all_kernels",
    "modprobe_on_install",
    "continue_on_error",
    "parallel_jobs",
    "memory_per_job",
    "build_nice",
    "compress_gzip_opts",
    "compress_xz_opts",
    "compress_zstd_opts",
    "build_environment",
    "pass_environment",
    "conf_timeout",
    "try_sign_modules",
    "post_transaction",
    "prebuilt",
    "sign_file",
    "mok_signing_key",
    "mok_certificate",
    "second_signing_key",
    "second_certificate",
    "hold",
    "failure_policy",
    "strict_modules",
    "essential_modules",
    "lock_timeout",
    "initramfs",
    "preflight",
    "preflight_timeout",
    "preflight_memory",
    "room",
    "room_writable",
    "room_network",
    "room_processes",
    "room_file_size",
    "room_memory",
    "room_disk",
];

/// The variable that says for one run what `room` says for all.
const ROOM: &str = "DKMS_ROOM";

/// The yes/no settings with their defaults.
const SWITCHES: [(&str, bool); 6] = [
    ("verbose", false),
    ("symlink_modules", false),
    ("autoinstall_all_kernels", false),
    ("modprobe_on_install", false),
    ("continue_on_error", true),
    ("hold", false),
];

/// The compression options with their defaults; the defaults are what the program does by itself.
const COMPRESSION: [(&str, &str); 3] = [
    ("compress_gzip_opts", ""),
    ("compress_xz_opts", "--check=crc32 --lzma2=dict=1MiB"),
    ("compress_zstd_opts", "-q --rm -T0"),
];

impl Framework {
    /// Reads the files of that root. Unknown names are ignored; an unreadable or malformed file is a warning in the
    /// returned list, and its readable settings count.
    pub(crate) fn read(system: &System) -> (Self, Vec<String>) {
        let mut framework = Self::defaults(system);
        let mut warnings = Vec::new();
        let mut known = Directives::new();
        for file in files(system) {
            match evaluate(system, &framework, &file, &known) {
                Ok((directives, text)) => {
                    framework.take(system, &file, &text, &known, &directives, &mut warnings);
                    known = directives;
                }
                Err(ConfError::Missing { .. }) => {}
                Err(error) => warnings.push(error.to_string()),
            }
        }
        if let Some(wish) = system.variable(ROOM) {
            match framework.room.set("room", &wish.to_string_lossy()) {
                Ok(()) => drop(framework.origins.insert("room", Origin::Environment)),
                Err(why) => warnings.push(format!("{ROOM}: {why}; ignored")),
            }
        }
        (framework, warnings)
    }

    /// The settings of a machine without any file.
    pub(crate) fn defaults(system: &System) -> Self {
        let mut framework = Self {
            source_tree: "/usr/src".into(),
            dkms_tree: "/var/lib/dkms".into(),
            install_tree: "/lib/modules".into(),
            tmp_location: system.variable("TMPDIR").map_or_else(|| "/tmp".into(), PathBuf::from),
            switches: BTreeMap::from(SWITCHES),
            parallel_jobs: None,
            memory_per_job: MEMORY_PER_JOB,
            build_nice: 0,
            compress_options: BTreeMap::new(),
            build_environment: None,
            pass_environment: Vec::new(),
            try_sign: TrySign::default(),
            post_transaction: None,
            sign_file: None,
            mok_signing_key: None,
            mok_certificate: None,
            second_signing_key: None,
            second_certificate: None,
            prebuilt: false,
            policies: Policies::default(),
            room: RoomSettings::default(),
            origins: BTreeMap::new(),
        };
        if system.variable("TMPDIR").is_some() {
            framework.origins.insert("tmp_location", Origin::Environment);
        }
        let jobs = system.variable("parallel_jobs").and_then(|jobs| jobs.to_str()?.parse().ok());
        if let Some(jobs) = jobs {
            framework.parallel_jobs = Some(jobs);
            framework.origins.insert("parallel_jobs", Origin::Environment);
        }
        framework
    }

    /// Whether a yes/no setting is on.
    pub(crate) fn is_on(&self, switch: &str) -> bool {
        self.switches.get(switch).copied().unwrap_or(false)
    }

    /// Puts a kernel release for `$kernelver` and `${kernelver}` into a signing path or post_transaction.
    pub(crate) fn expand(template: &str, kernel: &str) -> String {
        template.replace("${kernelver}", kernel).replace("$kernelver", kernel)
    }

    /// The settings that a file can read, as they are now.
    fn places(&self) -> [(&'static str, String); 4] {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        [
            ("source_tree", text(&self.source_tree)),
            ("dkms_tree", text(&self.dkms_tree)),
            ("install_tree", text(&self.install_tree)),
            ("tmp_location", text(&self.tmp_location)),
        ]
    }

    fn take(
        &mut self,
        system: &System,
        file: &Path,
        text: &str,
        known: &Directives,
        directives: &Directives,
        warnings: &mut Vec<String>,
    ) {
        for name in NAMES {
            let value = |from: &Directives| from.get(name).and_then(|values| values.get(&0)).cloned();
            let line = super::shell::line_of(text, name);
            // A file finds our own places set, and says nothing about those that it leaves alone.
            let left_alone = || self.places().into_iter().find(|(place, _)| *place == name && line.is_none());
            let before = value(known).or_else(|| left_alone().map(|(_, path)| path));
            let Some(after) = value(directives).filter(|after| before.as_ref() != Some(after)) else { continue };
            match self.set(name, &after) {
                Ok(()) => {
                    self.origins.insert(name, Origin::File(system.inside(file), line));
                }
                Err(why) => {
                    let line = line.map_or_else(String::new, |line| format!(":{line}"));
                    warnings.push(format!("{}{line}: {why}; ignored", file.display()));
                }
            }
        }
    }

    fn set(&mut self, name: &'static str, value: &str) -> Result<(), String> {
        let optional = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match name {
            "source_tree" => self.source_tree = folder(name, value)?,
            "dkms_tree" => self.dkms_tree = folder(name, value)?,
            "install_tree" => self.install_tree = folder(name, value)?,
            "tmp_location" => self.tmp_location = folder(name, value)?,
            "parallel_jobs" => {
                self.parallel_jobs = match optional() {
                    Some(value) => Some(value.parse().map_err(|_| format!("{name} is `{value}`, not a number"))?),
                    None => None,
                }
            }
            "memory_per_job" => {
                self.memory_per_job = match optional() {
                    Some(value) => policy::mebibytes(name, &value)?,
                    None => MEMORY_PER_JOB,
                }
            }
            "build_nice" => {
                let nice = optional().unwrap_or_else(|| "0".to_owned()).parse().ok().filter(|nice| *nice <= 19);
                self.build_nice =
                    nice.ok_or_else(|| format!("{name} is `{value}`; it must be a number from 0 to 19"))?;
            }
            "build_environment" => self.build_environment = optional().map(PathBuf::from),
            "pass_environment" => self.pass_environment = variables(name, value)?,
            "try_sign_modules" => self.try_sign = try_sign(value)?,
            "post_transaction" => self.post_transaction = optional(),
            "prebuilt" => self.prebuilt = prebuilt(value)?,
            "sign_file" => self.sign_file = optional(),
            "mok_signing_key" => self.mok_signing_key = optional(),
            "mok_certificate" => self.mok_certificate = optional(),
            "second_signing_key" => self.second_signing_key = optional(),
            "second_certificate" => self.second_certificate = optional(),
            name if room::NAMES.contains(&name) => self.room.set(name, value)?,
            name if policy::NAMES.contains(&name) => self.policies.set(name, value)?,
            _ => self.set_in_table(name, value)?,
        }
        Ok(())
    }

    fn set_in_table(&mut self, name: &'static str, value: &str) -> Result<(), String> {
        match COMPRESSION.iter().find(|(option, _)| *option == name) {
            Some((_, default)) if value == *default => {
                self.compress_options.remove(name);
            }
            Some(_) => {
                self.compress_options.insert(name, value.to_owned());
            }
            None => {
                let on = truth(value).ok_or_else(|| format!("{name} is `{value}`; it must be yes or no"))?;
                self.switches.insert(name, on);
            }
        }
        Ok(())
    }
}

/// `memory_per_job` where nothing is said: cc1 of gcc 12 takes 122 MiB for a driver of one file (v4l2loopback on 6.1), and big
/// files take more.
const MEMORY_PER_JOB: u64 = 256 << 20;

/// What the distribution ships; a file of the same name in [`DROP_INS`] takes the place of one here.
const VENDOR: &str = "/usr/lib/dkms/framework.conf.d";
const DROP_INS: &str = "/etc/dkms/framework.conf.d";

/// The vendor's files, framework.conf, then framework.conf.d/*.conf, each folder in name order.
fn files(system: &System) -> Vec<PathBuf> {
    let drop_ins = settings_in(&system.path(DROP_INS));
    let mut files = settings_in(&system.path(VENDOR));
    files.retain(|file| !drop_ins.iter().any(|other| other.file_name() == file.file_name()));
    files.push(system.path("/etc/dkms/framework.conf"));
    files.extend(drop_ins);
    files
}

fn settings_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs_err::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    files.sort();
    files
}

fn evaluate(
    system: &System,
    framework: &Framework,
    file: &Path,
    known: &Directives,
) -> Result<(Directives, String), ConfError> {
    // The kernel is not known yet: its name stands for itself until somebody knows it.
    let kernel = ("kernelver", "$kernelver".to_owned());
    let variables = std::iter::once(kernel).chain(framework.places());
    let shell = Shell {
        system,
        names: &NAMES,
        variables: variables.map(|(name, value)| (name.to_owned(), value)).collect(),
        destination: destination::replacement(system),
        time_limit: framework.policies.conf_timeout,
        reach: Reach::Bash,
        evaluations: Evaluations::One,
        // The administrator's own.
        walls: None,
    };
    let reading = shell.read(file, known)?;
    Ok((reading.directives, reading.text))
}

fn folder(name: &str, value: &str) -> Result<PathBuf, String> {
    if Path::new(value).is_absolute() {
        Ok(value.into())
    } else {
        Err(format!("{name} is `{value}`, no absolute path"))
    }
}

/// Names of variables between blanks or commas.
fn variables(name: &str, words: &str) -> Result<Vec<String>, String> {
    let words = words.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let checked = |word: &str| match environment::check(word) {
        Ok(()) => Ok(word.to_owned()),
        Err(why) => Err(format!("`{word}` in {name} is {why}")),
    };
    words.map(checked).collect()
}

fn prebuilt(value: &str) -> Result<bool, String> {
    match (value, truth(value)) {
        ("" | "no", _) | (_, Some(false)) => Ok(false),
        ("repo", _) => Ok(true),
        _ => Err(format!("prebuilt is `{value}`; it must be repo or no")),
    }
}

fn try_sign(value: &str) -> Result<TrySign, String> {
    match (value.to_ascii_lowercase().as_str(), truth(value)) {
        ("" | "not_in_chroot", _) => Ok(TrySign::NotInChroot),
        (_, Some(true)) => Ok(TrySign::Yes),
        (_, Some(false)) => Ok(TrySign::No),
        _ => Err(format!("try_sign_modules is `{value}`; it must be true, false or not_in_chroot")),
    }
}

#[cfg(test)]
mod tests;
