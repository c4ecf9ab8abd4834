//! What every command and event has at hand: a root with its settings and its tree, and somebody to tell.

use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::{arch, headers, installed};
use crate::report::Reporter;
use crate::report::human::Human;
use crate::request::Wish;
use crate::snapshot::{self, View};
use crate::step::{Inputs, Switch};
use crate::sys::{System, chroot, interrupt};
use crate::tree::{Layout, LockError, Tree, TreeLock, records};

/// What to do about a tree that cannot be written by anybody.
pub(crate) const READ_ONLY: &str = "remount its file system writable, or name another tree with --dkmstree; a service with \
                                    ProtectSystem= needs it in ReadWritePaths=";

/// What every command has at hand.
pub(crate) struct App {
    pub(crate) system: System,
    pub(crate) framework: Framework,
    pub(crate) tree: Tree,
    pub(crate) reporter: Human,
}

/// What a run under the lock has at hand.
#[derive(Clone, Copy)]
pub(crate) struct Noting<'a> {
    pub(crate) app: &'a App,
    pub(crate) lock: &'a TreeLock,
}

impl App {
    pub(crate) fn new(system: System, framework: Framework, reporter: Human) -> Self {
        let layout = Layout::new(system.root(), &framework.dkms_tree, &framework.source_tree, &framework.install_tree);
        let system = system.with_passing(&framework.pass_environment);
        Self { tree: Tree::new(layout), system, framework, reporter }
    }

    /// What a snapshot is taken of.
    pub(crate) fn view<'a>(&'a self, inputs: &'a Inputs) -> View<'a> {
        View { system: &self.system, framework: &self.framework, tree: &self.tree, inputs }
    }

    /// The level of the room in which a build was made, where that was noted.
    pub(crate) fn room_of(&self, module: &ModuleId, target: &Target) -> Option<&'static str> {
        Some(records::fingerprint(self.tree.layout(), module, target)?.room?.name())
    }

    /// Whether the tree, or the folder in which it would be made, can be written.
    pub(crate) fn may_write(&self) -> std::io::Result<()> {
        let tree = self.tree.layout().tree();
        let Some(existing) = tree.ancestors().find(|folder| folder.exists()) else { return Ok(()) };
        Ok(rustix::fs::access(existing, rustix::fs::Access::WRITE_OK)?)
    }

    /// Takes the tree's lock, telling who holds it when that takes a while.
    pub(crate) fn lock(&self) -> Result<TreeLock> {
        let token = self.system.variable(TreeLock::TOKEN).and_then(|token| token.to_str());
        let patience = self.framework.policies.lock_timeout;
        let lock = TreeLock::acquire(self.tree.layout(), patience, token, &mut |holder| {
            let (pid, command, seconds) = (holder.pid, &holder.command, patience.as_secs());
            self.reporter.warn(format!("waiting for another dkms (process {pid}: {command}), for {seconds} s at most"));
        })
        .map_err(lock_error)?;
        interrupt::watch().map_err(|error| Error::io("cannot wait for signals", error))?;
        Ok(lock)
    }

    /// The running kernel, if it is one of this root: in another root, in a chroot and in a container it is none unless it
    /// has its folder there.
    pub(crate) fn running_kernel(&self) -> Option<&KernelRelease> {
        let has_folder = |kernel: &&KernelRelease| self.tree.layout().install_tree().join(kernel).is_dir();
        self.system.running_kernel().filter(|kernel| has_folder(kernel) || chroot::certain(&self.system).is_none())
    }

    /// Every kernel of the root whose headers are there.
    pub(crate) fn kernels_with_headers(&self) -> Result<Vec<Target>> {
        let has_headers = |target: &Target| headers::find(self.tree.layout(), target, None).is_present();
        Ok(self.kernels()?.into_iter().filter(has_headers).collect())
    }

    /// Every kernel of the root, with headers or without. A folder that holds no more than modules from outside and
    /// depmod's lists is none any more.
    pub(crate) fn kernels(&self) -> Result<Vec<Target>> {
        let Some(arch) = self.system.machine() else { return Ok(Vec::new()) };
        let layout = self.tree.layout();
        let kernels = installed::kernels(layout, arch).map_err(|error| Error::io("cannot list the kernels", error))?;
        let targets = kernels.into_iter().map(|kernel| kernel.target);
        let named = |target: Target| match arch::of(&self.system, &target.kernel) {
            Some(arch) => Target { arch, ..target },
            None => target,
        };
        Ok(targets.filter(|target| !installed::has_gone(layout, target)).map(named).collect())
    }

    /// /etc/dkms/no-autoinstall switches off what happens by itself.
    pub(crate) fn switched_off(&self) -> Option<Wish> {
        let file = self.system.path("/etc/dkms/no-autoinstall");
        let why = || format!("{} is there: nothing is installed by itself", file.display());
        file.exists().then(|| Wish::Nothing { why: why() })
    }

    /// What a build of this module for this kernel would be made from now.
    pub(crate) fn inputs_of(&self, id: &ModuleId, target: &Target) -> Option<snapshot::inputs::Digests> {
        let none = Inputs::default();
        snapshot::inputs_of(&self.view(&none), id, target)
    }
}

fn lock_error(error: LockError) -> Error {
    match error {
        LockError::Timeout { .. } => Error::new(Kind::LockTimeout, error.to_string())
            .hint("wait for it to end, or end that process: the lock goes with it, and the next dkms clears up after it")
            .hint("then `dkms reconcile` does what was not done here; lock_timeout in framework.conf(5) is how long to wait"),
        LockError::Unwritable(cause) => match cause.kind() {
            std::io::ErrorKind::PermissionDenied => Error::new(Kind::NotRoot, "no write access to the DKMS tree")
                .caused_by(cause)
                .hint("run the command as root"),
            std::io::ErrorKind::ReadOnlyFilesystem => Error::new(Kind::NotRoot, "the DKMS tree is read-only")
                .caused_by(cause)
                .hint(READ_ONLY),
            _ => Error::io("cannot lock the DKMS tree", cause),
        },
    }
}

/// The switches that framework.conf turns on.
pub(crate) fn framework_switches(framework: &Framework) -> Vec<Switch> {
    [("symlink_modules", Switch::SymlinkModules), ("modprobe_on_install", Switch::ModprobeOnInstall)]
        .into_iter()
        .filter(|(name, _)| framework.switches.get(name).copied().unwrap_or(false))
        .map(|(_, switch)| switch)
        .collect()
}
