//! What a package manager does in one transaction: changes of the disk and calls of hooks, in its own order. No hook sees a file
//! of a package that the database does not know yet.

use super::machine::{Files, KERNELS, Machine, Manager, Package, folder};

/// One thing of a transaction.
#[derive(Debug, Clone)]
pub enum Step {
    Change(Files),
    Call(Call),
}

/// A hook or a script that calls dkms.
#[derive(Debug, Clone)]
pub struct Call {
    pub program: Program,
    /// Split at blanks.
    pub line: String,
    /// NAME=VALUE.
    pub variable: Option<String>,
    pub input: Vec<String>,
    /// The name and the arguments of the script that calls it, where they matter.
    pub script: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// /usr/lib/dkms/event
    Event,
    /// dkms, in a script of this package manager.
    Dkms,
}

fn event(line: impl Into<String>) -> Step {
    Step::Call(Call { line: line.into(), ..Call::of(Program::Event) })
}

fn paths(line: &str, input: Vec<String>) -> Step {
    Step::Call(Call { line: line.to_owned(), input, ..Call::of(Program::Event) })
}

fn dkms(line: String) -> Step {
    Step::Call(Call { line, ..Call::of(Program::Dkms) })
}

/// The same in a script that is called so.
fn scripted(script: String, line: String) -> Step {
    Step::Call(Call { line, script: Some(script), ..Call::of(Program::Dkms) })
}

impl Call {
    fn of(program: Program) -> Self {
        Self { program, line: String::new(), variable: None, input: Vec::new(), script: None }
    }

    /// Whether it says that this module, or all that this kernel has, is to go. `has_successor`: an upgrade can be told from a
    /// removal.
    pub fn takes_away(&self, name: &str, kernel: &str, has_successor: bool) -> bool {
        let line = self.line.as_str();
        let is_replaced = self.script.as_deref().is_some_and(|script| script.contains(" upgrade ")) && has_successor;
        let of_module = line.starts_with(&format!("remove -m {name} ")) && !is_replaced
            || line.starts_with(&format!("dpkg prerm {name} ")) && line.ends_with(" remove")
            || line.starts_with(&format!("rpm preun {name} ")) && line.ends_with(" 0");
        let of_kernel = [format!("kernel prerm {kernel} "), format!("kernel-install remove {kernel} ")];
        of_module || of_kernel.iter().any(|words| line.starts_with(words))
    }
}

fn maintainer(words: &str, line: String) -> Step {
    let variable = Some(format!("DEB_MAINT_PARAMS={words}"));
    Step::Call(Call { line, variable, ..Call::of(Program::Event) })
}

/// The change of one module's package: from what is installed (None: nothing) to what will be (None: nothing).
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub name: &'static str,
    pub old: Option<Package>,
    pub new: Option<Package>,
}

impl Change {
    pub fn steps(&self, machine: &Machine) -> Vec<Step> {
        match machine.manager {
            Manager::Dpkg => self.dpkg(),
            Manager::Rpm => self.rpm(machine),
            Manager::Pacman => self.pacman(),
        }
    }

    fn dpkg(&self) -> Vec<Step> {
        let Self { name, old, new } = *self;
        let mut steps = Vec::new();
        if let Some(old) = old {
            let action = new.map_or("remove".to_owned(), |new| format!("upgrade {}-{}", new.version, new.release));
            match name {
                "usual" => steps.push(scripted(
                    format!("usual.prerm {action}"),
                    format!("remove -m {name} -v {} --all", old.version),
                )),
                "made" => steps.push(event(format!("dpkg prerm {name} {} {action}", old.version))),
                _ => {}
            }
        }
        if let Some(new) = new {
            // A package with a script of its own is left alone until that has run.
            let state = if matches!(name, "usual" | "made") { "half-installed" } else { "unpacked" };
            steps.push(Step::Change(Files::Own(name, new, state, 1)));
            steps.push(Step::Change(Files::Unpack(name, new)));
        }
        steps.extend(self.old_files_go());
        if let Some(new) = new {
            let version = new.version;
            match name {
                "usual" => steps.push(event(format!("common-postinst {name} {version} /nowhere x {}", new.release))),
                "made" => steps.push(event(format!("dpkg postinst {name} {version} configure"))),
                _ => {}
            }
            steps.push(Step::Change(Files::Own(name, new, "installed", 1)));
        }
        steps.push(triggered());
        steps
    }

    fn rpm(&self, machine: &Machine) -> Vec<Step> {
        let Self { name, old, new } = *self;
        let same = old.zip(new).is_some_and(|(old, new)| old.version == new.version);
        let mut steps = Vec::new();
        if let Some(new) = new {
            steps.push(Step::Change(Files::Own(name, new, "installed", 1 + usize::from(same))));
            steps.push(Step::Change(Files::Unpack(name, new)));
            if name == "usual" {
                let module = format!("-m {name} -v {}", new.version);
                steps.push(dkms(format!("add {module}")));
                let kernels = KERNELS.iter().filter(|kernel| machine.has_kernel(kernel));
                steps.extend(kernels.map(|kernel| dkms(format!("install {module} -k {kernel} --force"))));
            }
        }
        if let Some(old) = old {
            match name {
                "usual" => steps.push(scripted(
                    format!("preun {}", if new.is_some() { "upgrade 1" } else { "0" }),
                    format!("remove -m {name} -v {} --all", old.version),
                )),
                "made" => steps.push(event(format!("rpm preun {name} {} {}", old.version, usize::from(new.is_some())))),
                _ => {}
            }
            steps.push(paths("rpm-trigger transfiletriggerun 0", source_paths("/", name, &old)));
        }
        steps.extend(self.old_files_go());
        if let Some(new) = new {
            steps.push(Step::Change(Files::Own(name, new, "installed", 1)));
            if name == "made" {
                steps.push(event(format!("rpm posttrans {name} {} 1", new.version)));
            }
            steps.push(paths("rpm-trigger transfiletriggerin 0", source_paths("/", name, &new)));
        }
        if old.is_some() {
            steps.push(event("rpm-trigger transfiletriggerpostun 0"));
        }
        steps
    }

    fn pacman(&self) -> Vec<Step> {
        let Self { name, old, new } = *self;
        let of = |package: Option<Package>| package.map(|package| source_paths("", name, &package)).unwrap_or_default();
        let mut steps = Vec::new();
        if old.is_some() {
            steps.push(paths("pacman pre", of(old)));
        }
        if let Some(new) = new {
            steps.push(Step::Change(Files::Own(name, new, "installed", 1)));
            steps.push(Step::Change(Files::Unpack(name, new)));
        }
        steps.extend(self.old_files_go());
        steps.push(paths("pacman post", [of(old), of(new)].concat()));
        steps
    }

    /// What only the old package holds.
    fn old_files_go(&self) -> Vec<Step> {
        let Self { name, old, new } = *self;
        match old.filter(|old| new.is_none_or(|new| new.version != old.version)) {
            Some(old) => vec![Step::Change(Files::Delete(name, old)), Step::Change(Files::Disown(name, old))],
            None => Vec::new(),
        }
    }
}

/// What happens to a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelChange {
    Image,
    Headers(usize),
    NoImage,
    NoHeaders,
}

pub fn kernel_steps(machine: &Machine, kernel: &'static str, change: KernelChange) -> Vec<Step> {
    let is_there = machine.kernels[kernel].image;
    let files = match change {
        KernelChange::Image => Files::Image(kernel),
        KernelChange::Headers(release) => Files::Headers(kernel, release),
        KernelChange::NoImage => Files::NoImage(kernel),
        KernelChange::NoHeaders => Files::NoHeaders(kernel),
    };
    match machine.manager {
        Manager::Dpkg => dpkg_kernel(kernel, change, files, is_there),
        Manager::Rpm => rpm_kernel(kernel, change, files),
        Manager::Pacman => {
            let mut steps = vec![Step::Change(files)];
            if change == KernelChange::Image {
                steps.push(Step::Change(Files::Depmod(kernel)));
            }
            let (modules, headers) = (format!("usr/lib/modules/{kernel}"), "build/include/");
            let name =
                if matches!(change, KernelChange::Image | KernelChange::NoImage) { "modules.order" } else { headers };
            steps.push(paths("pacman post", vec![format!("{modules}/{name}")]));
            steps
        }
    }
}

fn dpkg_kernel(kernel: &'static str, change: KernelChange, files: Files, is_there: bool) -> Vec<Step> {
    let image = format!("/boot/vmlinuz-{kernel}");
    let mut steps = Vec::new();
    match change {
        KernelChange::Image => {
            steps.push(event(format!("kernel preinst {kernel} {image}")));
            steps.push(Step::Change(files));
            if is_there {
                steps.push(maintainer("upgrade 1", format!("kernel postrm {kernel} {image}")));
            }
            steps.push(Step::Change(Files::Depmod(kernel)));
            steps.push(maintainer("configure ", format!("kernel postinst {kernel} {image}")));
        }
        KernelChange::NoImage => {
            steps.push(event(format!("kernel prerm {kernel} {image}")));
            steps.push(Step::Change(files));
            steps.push(maintainer("remove", format!("kernel postrm {kernel} {image}")));
        }
        KernelChange::Headers(_) => {
            steps.push(Step::Change(files));
            steps.push(event(format!("kernel header_postinst {kernel}")));
        }
        KernelChange::NoHeaders => steps.push(Step::Change(files)),
    }
    steps.push(triggered());
    steps
}

fn rpm_kernel(kernel: &'static str, change: KernelChange, files: Files) -> Vec<Step> {
    let arrived = |path: String| paths("rpm-trigger transfiletriggerin 0", vec![path]);
    match change {
        KernelChange::Image => vec![
            Step::Change(files),
            event(format!("kernel-install add {kernel} /boot/x /lib/modules/{kernel}/vmlinuz")),
            Step::Change(Files::Depmod(kernel)),
            arrived(format!("/lib/modules/{kernel}/vmlinuz")),
        ],
        KernelChange::Headers(_) => vec![Step::Change(files), arrived(format!("/usr/src/kernels/{kernel}/Makefile"))],
        KernelChange::NoImage => vec![
            event(format!("kernel-install remove {kernel} /boot/x")),
            paths("rpm-trigger transfiletriggerun 0", vec![format!("/lib/modules/{kernel}/vmlinuz")]),
            Step::Change(files),
            event("rpm-trigger transfiletriggerpostun 0"),
        ],
        KernelChange::NoHeaders => vec![Step::Change(files), event("rpm-trigger transfiletriggerpostun 0")],
    }
}

/// The machine starts.
pub fn start() -> Step {
    event("start")
}

/// Our package's postinst, once and late.
fn triggered() -> Step {
    event("dpkg-self postinst triggered /usr/src")
}

fn source_paths(root: &str, name: &str, package: &Package) -> Vec<String> {
    let folder = format!("{root}usr/src/{}", folder(name, package));
    vec![folder.clone(), format!("{folder}/dkms.conf"), format!("{folder}/{name}.c")]
}
