//! What must hold after every event, and when all of them are over and the disk has been looked at once.

use std::collections::BTreeSet;
use std::fs;

use super::machine::{Fails, KERNELS, MODULES, Machine, Manager, Package, says};
use super::transaction::Call;
use crate::sandbox::text_of;

/// What is wrong; nothing is right.
pub fn of(machine: &Machine) -> Vec<String> {
    let mut wrong = Vec::new();
    let status = machine.sandbox.status();
    for name in MODULES {
        match machine.packages.get(name) {
            Some(package) => present(machine, name, package, &status, &mut wrong),
            None => absent(machine, name, &status, &mut wrong),
        }
    }
    for kernel in KERNELS {
        of_kernel(machine, kernel, &status, &mut wrong);
    }
    left_over(machine, &mut wrong);
    open(machine, &mut wrong);
    if !wrong.is_empty() {
        wrong.extend(status.iter().map(|line| format!("  status: {line}")));
    }
    wrong
}

/// Whether it must be installed for a kernel.
fn is_due(machine: &Machine, name: &str, package: &Package, kernel: &str) -> bool {
    let has_plain = || machine.packages.get("plain").is_some_and(|plain| !plain.fails_on(kernel));
    machine.has_headers(kernel) && !package.fails_on(kernel) && (name != "deep" || has_plain())
}

/// Modules, each with a kernel that has it.
pub type Served = BTreeSet<(&'static str, &'static str)>;

/// The modules that kernels have and modprobe finds, each with its kernel. What a run that died put there before depmod could list
/// it loads for nobody yet.
pub fn serving(machine: &Machine) -> Served {
    let is_listed = |(name, kernel): &(&str, &str)| {
        let list = machine.sandbox.path(&format!("lib/modules/{kernel}/modules.dep"));
        let listed = |text: String| text.lines().any(|line| line.ends_with(&format!("/{name}.ko:")));
        fs::read_to_string(list).map_or(true, listed)
    };
    whole(machine).into_iter().filter(is_listed).collect()
}

/// The modules of which kernels have a file that is whole.
fn whole(machine: &Machine) -> Served {
    let files = machine.sandbox.files("lib/modules");
    let has = |name: &str, kernel: &str| {
        files.iter().any(|file| {
            let is_its = file.starts_with(&format!("{kernel}/")) && file.ends_with(&format!("/{name}.ko"));
            let is_own = file.starts_with(&format!("{kernel}/kernel/"));
            let text = || read(machine, &format!("lib/modules/{file}"));
            is_its && !is_own && text().starts_with(&format!("{name} ")) && text().contains(", headers ")
        })
    };
    let pairs = MODULES.into_iter().flat_map(|name| KERNELS.map(|kernel| (name, kernel)));
    pairs.filter(|(name, kernel)| has(name, kernel)).collect()
}

/// Whether a package holds a version of the module now and has it unpacked: one that has gone and was missed so far leaves by
/// any later call, until another comes.
fn is_held(machine: &Machine, name: &str) -> bool {
    let is_unpacked = |file: &str| machine.sandbox.path(&format!("src/{file}/dkms.conf")).exists();
    machine.sandbox.files("owners").iter().any(|file| file.starts_with(&format!("{name}-")) && is_unpacked(file))
}

/// Whether it can be seen that the removal of a version belongs to an upgrade: rpm has what is new in place by then.
fn has_successor(machine: &Machine, name: &str) -> bool {
    let owners = machine.sandbox.files("owners");
    let is_unpacked = |file: &&String| machine.sandbox.path(&format!("src/{file}/dkms.conf")).exists();
    let of_module = owners.iter().filter(|file| file.starts_with(&format!("{name}-")));
    let of_module: Vec<&String> = of_module.filter(is_unpacked).collect();
    let is_twice = |file: &&String| read(machine, &format!("owners/{file}")).trim().ends_with('2');
    machine.manager != Manager::Rpm || of_module.len() > 1 || of_module.iter().any(is_twice)
}

/// The modules that a call takes from kernels, by what it says.
pub fn taken(machine: &Machine, before: &Served, call: &Call) -> Served {
    let goes = |(name, kernel): &&(&str, &str)| call.takes_away(name, kernel, has_successor(machine, name));
    before.iter().filter(goes).copied().collect()
}

/// What kernels have lost by a call that did not say so. The books say already how the transaction is to end. `doomed`: what calls
/// were taking away when they died, which the next one completes.
pub fn lost(machine: &Machine, before: &Served, call: &Call, doomed: &Served) -> Vec<String> {
    let now = whole(machine);
    let stays = |(name, kernel): &&(&'static str, &'static str)| {
        let goes = call.takes_away(name, kernel, has_successor(machine, name)) || doomed.contains(&(*name, *kernel));
        is_held(machine, name) && machine.packages.contains_key(name) && machine.has_kernel(kernel) && !goes
    };
    let lost = before.difference(&now).filter(stays);
    lost.map(|(name, kernel)| format!("`{}` takes {name} from {kernel}", call.line)).collect()
}

fn present(machine: &Machine, name: &str, package: &Package, status: &[String], wrong: &mut Vec<String>) {
    let id = format!("{name}/{}", package.version);
    // Where it cannot be built (yet), the version before serves on.
    let serves = KERNELS.into_iter().any(|kernel| {
        let waits = machine.has_kernel(kernel) && !is_due(machine, name, package, kernel);
        waits && !modules(machine, name, kernel).is_empty()
    });
    let others = status.iter().filter(|line| line.starts_with(&format!("{name}/")) && !line.starts_with(&id));
    wrong.extend(others.filter(|_| !serves).map(|line| format!("another version is known: {line}")));
    for kernel in KERNELS.into_iter().filter(|kernel| is_due(machine, name, package, kernel)) {
        let line = format!("{id}, {kernel}, ARCH: installed");
        if !status.iter().any(|status| status.starts_with(&line)) {
            wrong.push(format!("{id} is not installed on {kernel}"));
        }
        let headers = machine.kernels[kernel].headers.unwrap_or_default();
        let expected = format!("{}, headers {headers}\n", says(name, package));
        let found: Vec<String> = modules(machine, name, kernel).iter().map(|file| read(machine, file)).collect();
        if found != [expected.clone()] {
            wrong.push(format!("{name} on {kernel}: {found:?} instead of {expected:?}"));
        }
    }
}

fn absent(machine: &Machine, name: &str, status: &[String], wrong: &mut Vec<String>) {
    let known = status.iter().filter(|line| line.starts_with(&format!("{name}/")));
    wrong.extend(known.map(|line| format!("its package has gone: {line}")));
    let files = KERNELS.iter().flat_map(|kernel| modules(machine, name, kernel));
    wrong.extend(files.map(|file| format!("its package has gone: {file}")));
    if machine.sandbox.path(&format!("dkms/{name}")).exists() {
        wrong.push(format!("its package has gone: {:?}", machine.sandbox.files(&format!("dkms/{name}"))));
    }
}

fn of_kernel(machine: &Machine, kernel: &str, status: &[String], wrong: &mut Vec<String>) {
    let sandbox = &machine.sandbox;
    let files = sandbox.files(&format!("lib/modules/{kernel}"));
    if !machine.has_kernel(kernel) {
        if sandbox.path(&format!("lib/modules/{kernel}")).exists() {
            wrong.push(format!("kernel {kernel} has gone: {files:?}"));
        }
        let known = status.iter().filter(|line| line.contains(&format!(", {kernel}, ")));
        wrong.extend(known.map(|line| format!("kernel {kernel} has gone: {line}")));
        return;
    }
    if files.iter().any(|file| file == "modules.dep") {
        let mut listed: Vec<String> = read(machine, &format!("lib/modules/{kernel}/modules.dep"))
            .lines()
            .map(|line| line.replace(':', ""))
            .collect();
        listed.sort();
        let there: Vec<String> = files.iter().filter(|file| file.ends_with(".ko")).cloned().collect();
        if listed != there {
            wrong.push(format!("depmod of {kernel} is not current: {listed:?} instead of {there:?}"));
        }
    }
    let own = format!("lib/modules/{kernel}/kernel/drivers/plain.ko");
    if machine.kernels[kernel].image && modules(machine, "plain", kernel).is_empty() && !sandbox.path(&own).exists() {
        wrong.push(format!("the kernel's own module was not put back: {own}"));
    }
}

fn left_over(machine: &Machine, wrong: &mut Vec<String>) {
    let names = [".tmp", ".rescue_", ".delete_", ".dkms_", ".dkms-", ".intents/", "records/leaving/"];
    for folder in ["dkms", "src", "lib/modules", "tmp"] {
        let files = machine.sandbox.files(folder);
        let left = files.into_iter().filter(|file| folder == "tmp" || names.iter().any(|name| file.contains(name)));
        // An old version stays in place of one that fails, or that cannot be built yet.
        let kernels = || KERNELS.into_iter().filter(|kernel| machine.has_kernel(kernel));
        let waits_for =
            |(name, package): (&&str, &Package)| kernels().any(|kernel| !is_due(machine, name, package, kernel));
        let waits = |file: &String| file.contains("records/leaving/") && machine.packages.iter().any(waits_for);
        let left = left.filter(|file| !waits(file));
        wrong.extend(left.map(|file| format!("left over: {folder}/{file}")));
    }
    let lock = fs::File::open(machine.sandbox.path("dkms/.lock"));
    if lock.is_ok_and(|lock| lock.try_lock().is_err()) {
        wrong.push("the lock is held".to_owned());
    }
}

/// `dkms` itself sees nothing that could be done, but for what fails.
fn open(machine: &Machine, wrong: &mut Vec<String>) {
    let mut fails = machine.packages.values().any(|package| package.fails != Fails::Nowhere);
    fails |= machine.packages.contains_key("deep") && !machine.packages.contains_key("plain");
    let plan = machine.dkms("reconcile --dry-run").out;
    let steps = plan.lines().filter(|line| !line.starts_with("leave") && !line.starts_with("nothing to do"));
    if !fails {
        wrong.extend(steps.map(|line| format!("reconcile would: {line}")));
    }
    let fsck = machine.dkms("fsck");
    let is_finding = |line: &&str| !line.starts_with(' ');
    let found = fsck.out.lines().filter(is_finding);
    wrong.extend(found.map(|line| format!("fsck: {line}")));
}

/// The modules of that name for a kernel, without the kernel's own.
fn modules(machine: &Machine, name: &str, kernel: &str) -> Vec<String> {
    let folder = format!("lib/modules/{kernel}");
    let is_it = |file: &String| file.ends_with(&format!("/{name}.ko")) && !file.starts_with("kernel/");
    machine.sandbox.files(&folder).into_iter().filter(is_it).map(|file| format!("{folder}/{file}")).collect()
}

fn read(machine: &Machine, file: &str) -> String {
    let text = fs::read_to_string(machine.sandbox.path(file)).unwrap_or_else(|error| error.to_string());
    text_of(&text).to_owned()
}
