//! Why a module cannot be built or added, in the order in which DKMS has always found it out.

use crate::conf::{BuiltModule, ConfError, Loaded};
use crate::error::Error;
use crate::exit::Kind;
use crate::ids::near::nearest;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::builtin::name;
use crate::kernel::{Headers, Kernel, package};
use crate::snapshot::{Content, Snapshot};
use crate::step::{Policy, Reason, Switch};
use crate::tree::VersionState;
use crate::version;

pub(crate) fn refused(case: Kind, text: impl Into<String>) -> Reason {
    Reason::Refused { case, text: text.into(), hints: Vec::new() }
}

/// A refusal with one hint.
pub(crate) fn refused_with(case: Kind, text: impl Into<String>, hint: impl Into<String>) -> Reason {
    Reason::Refused { case, text: text.into(), hints: vec![hint.into()] }
}

pub(crate) fn already(text: impl Into<String>) -> Reason {
    Reason::AlreadySo { text: text.into() }
}

/// Why this module cannot be built for this kernel, if it cannot: a bad dkms.conf (4, 8), excluded (77), an empty source
/// (8), no headers (21). Dependencies are looked at by [`dependency`].
pub(crate) fn build(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> Option<Reason> {
    let loaded = match conf(id, target, snapshot) {
        Ok(loaded) => loaded,
        Err(reason) => return Some(reason),
    };
    if let Some(why) = loaded.conf.exclusion() {
        let text = format!("{id} is not for kernel {}: {why}", target.kernel);
        let hint = format!(
            "its dkms.conf leaves this kernel out: look for a release of {} for it, or name another with -k",
            id.name
        );
        return Some(refused_with(Kind::Excluded, text, hint));
    }
    empty_source(id, target, snapshot).or_else(|| no_headers(id, target, snapshot))
}

/// The dkms.conf of a module for a kernel, or why there is none.
pub(crate) fn conf<'s>(id: &ModuleId, target: &Target, snapshot: &'s Snapshot) -> Result<&'s Loaded, Reason> {
    match snapshot.conf(id, target) {
        Some(Ok(loaded)) => Ok(loaded),
        Some(Err(error)) => Err(bad_conf(id, error)),
        None => Err(refused(Kind::Internal, format!("the dkms.conf of {id} was not read"))),
    }
}

/// The refusal for a dkms.conf that is missing or wrong.
pub(crate) fn bad_conf(id: &ModuleId, error: &ConfError) -> Reason {
    let error = Error::from(error.clone());
    Reason::Refused {
        case: error.kind(),
        text: format!("{id}: {error}"),
        hints: error.causes().into_iter().chain(error.hints().iter().cloned()).collect(),
    }
}

/// What keeps a module from a kernel for good: the kernel has it itself, or what it has counts more.
pub(crate) fn fact(id: &ModuleId, target: &Target, snapshot: &Snapshot, policy: &Policy) -> Option<Reason> {
    if policy.has(Switch::Force) {
        return None;
    }
    let loaded = conf(id, target, snapshot).ok()?;
    let builtin = snapshot.builtin.get(target);
    let is_builtin = |module: &BuiltModule| builtin.is_some_and(|names| names.contains(&name(&module.dest_name)));
    let mut modules = loaded.conf.modules.iter().filter(|module| module.excluded.is_none()).peekable();
    let says = |why: String| Some(refused(Kind::NothingInstalled, why));
    if modules.peek().is_some() && modules.all(is_builtin) {
        return says(format!("{id} is not for kernel {}: it is built into that kernel", target.kernel));
    }
    if policy.has(Switch::SkipVersionCheck) || snapshot.changed_since(id, target).is_some() {
        return None;
    }
    let is_obsolete = |since: &&String| version::compare(target.kernel.as_str(), since).is_ge();
    if let Some(since) = loaded.conf.obsolete_by.as_ref().filter(is_obsolete) {
        let why = format!("kernels from {since} on have it themselves (OBSOLETE_BY)");
        return says(format!("{id} is not for kernel {}: {why}", target.kernel));
    }
    snapshot.served.get(&(id.clone(), target.clone())).and_then(|text| says(text.clone()))
}

fn empty_source(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> Option<Reason> {
    let source = snapshot.sources.get(id)?;
    if source.content == Content::OnlyBuilds {
        let text =
            format!("{id} is not for kernel {}: it came as builds for other kernels, without source", target.kernel);
        return Some(refused_with(Kind::OnlyBuilds, text, "add it with its source to build it for this kernel"));
    }
    (source.content != Content::Sources).then(|| {
        refused_with(
            Kind::EmptySource,
            format!("{} holds nothing to build {id} from", source.folder.display()),
            "a module that came as binaries only cannot be built for another kernel; add it with its source",
        )
    })
}

/// No module can be put under this kernel: known before anything is compiled (74).
pub(super) fn read_only(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> Option<Reason> {
    let kernel = snapshot.kernels.get(target).filter(|kernel| kernel.read_only)?;
    let text = format!(
        "{id} cannot be installed on kernel {}: {} is on a read-only file system",
        target.kernel,
        kernel.folder.display()
    );
    let hints = vec![
        "remount that file system writable, or name it in ReadWritePaths= of the service that runs this; where the system is an image, its modules come with the image (dkms(8), IMAGES)".to_owned(),
        format!("or as an extension of it: `dkms mksysext {id} -k {}`", target.kernel),
        format!("`dkms build {id} -k {}` tries whether it builds", target.kernel),
    ];
    Some(Reason::Refused { case: Kind::ReadOnly, text, hints })
}

/// No headers: pending on the package that brings them.
fn no_headers(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> Option<Reason> {
    let kernel = snapshot.kernels.get(target)?;
    let why = why_no_headers(kernel)?;
    Some(Reason::Pending {
        on: headers_package(target, snapshot),
        case: Kind::HeadersMissing,
        text: format!("{id} cannot be built for kernel {}: {why}", target.kernel),
    })
}

fn why_no_headers(kernel: &Kernel) -> Option<String> {
    let Headers::Missing { folder, dangling } = &kernel.headers else { return None };
    Some(match dangling {
        _ if !kernel.present => format!("no such kernel is installed, {} does not exist", kernel.folder.display()),
        Some(leads) => {
            format!("its headers are gone, {} leads to {}, which does not exist", folder.display(), leads.display())
        }
        None => format!("there are no kernel headers at {}", folder.display()),
    })
}

/// What brings the headers of this kernel.
pub(super) fn headers_package(target: &Target, snapshot: &Snapshot) -> String {
    let known = snapshot.kernels.get(target).map(|kernel| package::of_headers(&snapshot.os, kernel));
    known.unwrap_or_else(|| format!("the headers of kernel {}", target.kernel))
}

/// The BUILD_DEPENDS of a module that are not installed for the kernel. `--force` takes no notice of them.
pub(crate) fn missing_dependencies(
    loaded: &Loaded,
    target: &Target,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Vec<ModuleName> {
    if policy.has(Switch::Force) {
        return Vec::new();
    }
    let missing = |name: &&ModuleName| snapshot.installed(name, target).is_none();
    loaded.conf.build_depends.iter().filter(missing).cloned().collect()
}

/// The refusal for missing dependencies (13).
pub(crate) fn dependency(id: &ModuleId, target: &Target, missing: &[ModuleName]) -> Reason {
    let names = missing.iter().map(ModuleName::as_str).collect::<Vec<_>>().join(", ");
    refused_with(
        Kind::DependencyMissing,
        format!("{id} needs {names} installed for kernel {} first", target.kernel),
        format!(
            "`dkms install {} -k {}` first (if no source of it is here, install the package that brings it), or --force to build without",
            names.replace(", ", " "),
            target.kernel
        ),
    )
}

/// The refusal of a module whose source is gone (4), or of one that the tree does not know (3).
pub(crate) fn not_usable(id: &ModuleId, snapshot: &Snapshot) -> Option<Reason> {
    match snapshot.module(id).map(|entry| &entry.state) {
        None => Some(not_in_tree(id, snapshot)),
        Some(VersionState::Broken { why }) => Some(broken(id, why)),
        Some(VersionState::Added { .. }) => None,
    }
}

/// The refusal of one that the tree does not know (3).
pub(crate) fn not_in_tree(id: &ModuleId, snapshot: &Snapshot) -> Reason {
    let versions: Vec<String> = snapshot.versions(&id.name).map(|entry| entry.id.to_string()).collect();
    let names: Vec<&str> = snapshot.modules.iter().map(|entry| entry.id.name.as_str()).collect();
    let near = || {
        let name = nearest(id.name.as_str(), &names)?;
        let meant = snapshot.modules.iter().filter(|entry| entry.id.name.as_str() == name);
        Some(format!("did you mean {}?", meant.map(|entry| entry.id.to_string()).collect::<Vec<_>>().join(", ")))
    };
    let is_there = (!versions.is_empty()).then(|| format!("what is there: {}", versions.join(", ")));
    let hint = is_there.or_else(near).unwrap_or_else(|| "`dkms status` lists what is there".to_owned());
    refused_with(Kind::NotInTree, format!("{id} is not in the DKMS tree"), hint)
}

/// The refusal of a broken module (4).
pub(crate) fn broken(id: &ModuleId, why: &str) -> Reason {
    refused_with(
        Kind::Broken,
        format!("{id} is broken: {why}"),
        format!("put its source back and run `dkms add {id}`, or take it away with `dkms remove {id} --all`"),
    )
}
