//! A story: transactions one after the other, whose hooks are lost, repeated, late or killed.

use super::machine::{Fails, KERNELS, Kernel, MODULES, Machine, Manager, Package, VERSIONS};
use super::manager::Transaction;
use super::random::Numbers;
use super::transaction::{Call, Change, KernelChange, Step, kernel_steps, start};
use super::verdict;

/// What a package manager is told to do. How it goes is up to the seed, so that the others go on as before when one is
/// left out.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    what: What,
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Installed, upgraded, downgraded or installed again.
    Module(&'static str),
    NoModule(&'static str),
    Kernel(&'static str, KernelChange),
    /// Image and headers in one transaction.
    WholeKernel(&'static str),
    NoKernel(&'static str),
    /// A kernel and a module in one transaction.
    Upgrade(&'static str, &'static str),
    /// The machine starts anew.
    Start,
}

/// A machine's story.
#[derive(Debug, Clone)]
pub struct Story {
    manager: Manager,
    pub orders: Vec<Order>,
}

impl Story {
    pub fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let manager = numbers.pick(&[Manager::Dpkg, Manager::Rpm, Manager::Pacman]);
        let length = 3 + numbers.below(7);
        // Few modules, so that what happens to one goes on.
        let modules = [numbers.pick(&MODULES), numbers.pick(&MODULES)];
        let first = [What::WholeKernel(numbers.pick(&KERNELS)), What::Module(modules[0])];
        let others: Vec<What> = (0..length).map(|_| what(&modules, &mut numbers)).collect();
        let orders = first.into_iter().chain(others).map(|what| Order { what, seed: numbers.next() }).collect();
        Self { manager, orders }
    }

    /// Lives it, then lets the disk be looked at once. What was wrong after an event or is then, and what was done.
    pub fn live(&self) -> (Vec<String>, Vec<String>) {
        let machine = Machine::new(self.manager);
        let (late, told, lost, doomed) = Default::default();
        let mut life = Life { machine, late, told, lost, doomed };
        for order in &self.orders {
            life.carry_out(*order);
        }
        life.settle();
        life.lost.extend(verdict::of(&life.machine));
        (life.lost, life.told)
    }

    /// Without the orders that make no difference to what is wrong.
    pub fn shortened(&self) -> Self {
        let is_wrong = |story: &Self| (0..3).any(|_| !story.live().0.is_empty());
        let mut story = self.clone();
        let mut at = 0;
        while at < story.orders.len() {
            let mut without = story.clone();
            without.orders.remove(at);
            if is_wrong(&without) {
                story = without;
            } else {
                at += 1;
            }
        }
        story
    }
}

fn what(modules: &[&'static str], numbers: &mut Numbers) -> What {
    let (module, kernel) = (numbers.pick(modules), numbers.pick(&KERNELS));
    match numbers.below(100) {
        0..35 => What::Module(module),
        35..40 => What::NoModule(module),
        40..50 => What::Kernel(kernel, KernelChange::Image),
        50..60 => What::Kernel(kernel, KernelChange::Headers(1 + numbers.below(2))),
        60..65 => What::Kernel(kernel, KernelChange::NoImage),
        65..70 => What::Kernel(kernel, KernelChange::NoHeaders),
        70..85 => What::WholeKernel(kernel),
        85..90 => What::NoKernel(kernel),
        90..93 => What::Start,
        _ => What::Upgrade(module, kernel),
    }
}

struct Life {
    machine: Machine,
    /// Calls that come with a later transaction.
    late: Vec<Call>,
    told: Vec<String>,
    /// What kernels have lost that nothing had taken away.
    lost: Vec<String>,
    /// What calls were taking away when they died: the next one completes that.
    doomed: verdict::Served,
}

impl Life {
    fn carry_out(&mut self, order: Order) {
        let mut numbers = Numbers::new(order.seed);
        self.told.push(format!("# {:?}", order.what));
        let mut steps = self.steps(order.what, &mut numbers);
        for late in std::mem::take(&mut self.late) {
            steps.insert(numbers.below(steps.len() + 1), Step::Call(late));
        }
        let mut transaction = Transaction::begin(&self.machine);
        for step in self.disturbed(steps, &mut numbers) {
            match step {
                Step::Change(files) => {
                    self.told.push(format!("  {files:?}"));
                    self.machine.change(&files);
                }
                Step::Call(call) => {
                    let killed = numbers.chance(40).then(|| death(&mut numbers));
                    self.call(&mut transaction, &call, killed.as_deref());
                }
            }
        }
    }

    /// The transaction as it should be; the books of the package manager say from here on that it is over.
    fn steps(&mut self, what: What, numbers: &mut Numbers) -> Vec<Step> {
        match what {
            What::Module(name) => {
                let fails = match numbers.below(100) {
                    0..15 => Fails::Everywhere,
                    15..35 => Fails::On(numbers.pick(&KERNELS)),
                    _ => Fails::Nowhere,
                };
                let package = Package { version: numbers.pick(&VERSIONS), release: 1 + numbers.below(3), fails };
                self.change(name, Some(package))
            }
            What::NoModule(name) => self.change(name, None),
            What::Kernel(kernel, change) => self.kernel(kernel, change),
            What::WholeKernel(kernel) => {
                let headers = KernelChange::Headers(1 + numbers.below(2));
                let image = self.kernel(kernel, KernelChange::Image);
                let headers = self.kernel(kernel, headers);
                mixed(image, headers, numbers)
            }
            What::NoKernel(kernel) => {
                let image = self.kernel(kernel, KernelChange::NoImage);
                let headers = self.kernel(kernel, KernelChange::NoHeaders);
                mixed(image, headers, numbers)
            }
            What::Start => vec![start()],
            What::Upgrade(name, kernel) => {
                let module = self.steps(What::Module(name), numbers);
                let kernel = self.steps(What::WholeKernel(kernel), numbers);
                mixed(module, kernel, numbers)
            }
        }
    }

    fn change(&mut self, name: &'static str, new: Option<Package>) -> Vec<Step> {
        let old = self.machine.packages.get(name).copied();
        if old.is_none() && new.is_none() {
            return Vec::new();
        }
        let steps = Change { name, old, new }.steps(&self.machine);
        match new {
            Some(new) => self.machine.packages.insert(name, new),
            None => self.machine.packages.remove(name),
        };
        steps
    }

    fn kernel(&mut self, kernel: &'static str, change: KernelChange) -> Vec<Step> {
        let now = self.machine.kernels[kernel];
        let then = match change {
            KernelChange::Image => Kernel { image: true, ..now },
            KernelChange::NoImage => Kernel { image: false, ..now },
            KernelChange::Headers(release) => Kernel { headers: Some(release), ..now },
            KernelChange::NoHeaders => Kernel { headers: None, ..now },
        };
        let leaves = matches!(change, KernelChange::NoImage | KernelChange::NoHeaders);
        if leaves && then == now {
            return Vec::new();
        }
        let steps = kernel_steps(&self.machine, kernel, change);
        self.machine.kernels.insert(kernel, then);
        steps
    }

    /// Hooks are lost, called twice, called too early or too late. What happens to the disk stays as it is.
    fn disturbed(&mut self, steps: Vec<Step>, numbers: &mut Numbers) -> Vec<Step> {
        let all_lost = numbers.chance(5);
        let mut disturbed: Vec<Step> = Vec::new();
        for step in steps {
            let Step::Call(call) = &step else {
                disturbed.push(step);
                continue;
            };
            match numbers.below(100) {
                _ if all_lost => {}
                0..12 => {}
                12..20 => disturbed.extend([step.clone(), step]),
                20..30 => disturbed.insert(numbers.below(disturbed.len() + 1), step),
                30..36 => self.late.push(call.clone()),
                _ => disturbed.push(step),
            }
        }
        disturbed
    }

    /// `killed`: where, in strace's words.
    fn call(&mut self, transaction: &mut Transaction, call: &Call, killed: Option<&str>) {
        let wrapper: Vec<String> = killed.map(killing).into_iter().flatten().collect();
        let before = verdict::serving(&self.machine);
        let (code, told) = transaction.call(&self.machine, call, &wrapper);
        let how = killed.map(|at| format!(" {at}:")).unwrap_or_default();
        self.told.push(format!("  {:?} {}:{how} {code}", call.program, call.line));
        self.told.extend(told.lines().map(|line| format!("      {line}")));
        let died = code == 137;
        if died {
            self.doomed.extend(verdict::taken(&self.machine, &before, call));
        }
        let lost = verdict::lost(&self.machine, &before, call, &self.doomed);
        if !died {
            self.doomed.clear();
        }
        self.told.extend(lost.iter().map(|line| format!("  !! {line}")));
        self.lost.extend(lost);
    }

    /// What is late comes, and then somebody looks at the disk.
    fn settle(&mut self) {
        let mut transaction = Transaction::begin(&self.machine);
        for call in std::mem::take(&mut self.late) {
            self.call(&mut transaction, &call, None);
        }
        drop(transaction);
        let ran = self.machine.dkms("reconcile");
        self.told.push(format!("# reconcile: {}", ran.code));
        self.told.extend(ran.out.lines().chain(ran.err.lines()).map(|line| format!("      {line}")));
    }
}

/// System calls before one of which a process dies, and how many of them an event may well come to.
const DEATHS: [(&str, usize); 7] = [
    ("?mkdir,mkdirat", 20),
    ("fsync", 20),
    ("?rename,?renameat,renameat2", 5),
    ("?unlink,unlinkat,?rmdir", 9),
    ("?symlink,symlinkat", 2),
    ("write", 16),
    ("openat", 200),
];

/// The death of one of its processes.
fn death(numbers: &mut Numbers) -> String {
    let (calls, often) = numbers.pick(&DEATHS);
    format!("{calls}:signal=KILL:when={}", 1 + numbers.below(often))
}

/// Words that run a program and kill it there.
fn killing(at: &str) -> Vec<String> {
    let calls = at.split(':').next().unwrap_or(at);
    let words = ["strace", "-f", "-qq", "-o", "/dev/null"].map(str::to_owned);
    words
        .into_iter()
        .chain(["-e".to_owned(), format!("trace={calls}"), "-e".to_owned(), format!("inject={at}")])
        .collect()
}

/// Both in their own order, one between the other.
fn mixed(one: Vec<Step>, other: Vec<Step>, numbers: &mut Numbers) -> Vec<Step> {
    let (mut one, mut other) = (std::collections::VecDeque::from(one), std::collections::VecDeque::from(other));
    let mut steps = Vec::new();
    loop {
        let first = if numbers.chance(50) { &mut one } else { &mut other };
        if let Some(step) = first.pop_front() {
            steps.push(step);
        } else if one.is_empty() && other.is_empty() {
            return steps;
        }
    }
}
