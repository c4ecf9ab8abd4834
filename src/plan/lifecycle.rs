//! add, build and install of one module: what it takes to get from its state to the wished one.

use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::snapshot::{Content, Snapshot};
use crate::step::{AddSource, ArchiveForm, Operation, Plan, Policy, Reason, StepId, Switch};
use crate::tree::VersionState;

use super::refusal::{self, already, refused, refused_with};
use super::rivals;

/// Why an installed module is installed again from its build.
pub(super) const LOST: &str =
    "its file under the kernel is gone, is not the one that was put there, or has another one beside it";

/// Why a build is made once more, which signs it.
pub(super) const NOT_SIGNED: &str = "it is not signed, and can be now";

/// What a kernel's build hangs on, and why it is made.
pub(super) struct Making<'a> {
    pub(crate) id: &'a ModuleId,
    pub(crate) target: &'a Target,
    pub(crate) after: Vec<StepId>,
    pub(crate) why: String,
}

/// Registers a source, or mends a broken one whose source is back.
pub(crate) fn add(id: &ModuleId, source: &AddSource, snapshot: &Snapshot, policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    match snapshot.module(id).map(|entry| &entry.state) {
        Some(VersionState::Added { .. }) if matches!(source, AddSource::Archive(_)) && policy.has(Switch::Force) => {
            ensure_registered(&mut plan, id, source, "asked for again with --force", snapshot);
        }
        Some(VersionState::Added { .. }) if is_another(id, source, snapshot) => {
            take_over(&mut plan, id, source, "add", snapshot, policy);
        }
        // The script of the package before has said that it is to go.
        Some(VersionState::Added { .. })
            if *source == AddSource::SourceTree && snapshot.leaving.iter().any(|note| note.id == *id) =>
        {
            plan.omit(Some(id.clone()), None, already(format!("{id} is added, and its package brings it again")));
        }
        Some(VersionState::Added { .. }) => plan.omit(
            Some(id.clone()),
            None,
            refused_with(
                already_added(source),
                format!("{id} is already added"),
                format!("remove it first with `dkms remove {id} --all` if its source is to be replaced"),
            ),
        ),
        known => {
            let why = if known.is_some() { "its source is back" } else { "asked for" };
            ensure_registered(&mut plan, id, source, why, snapshot);
        }
    }
    plan
}

/// Whether a folder was named that is not the source registered under its name and version.
fn is_another(id: &ModuleId, source: &AddSource, snapshot: &Snapshot) -> bool {
    let is_other = |source: &crate::snapshot::Source| source.named_otherwise.is_some();
    matches!(source, AddSource::Folder(_)) && snapshot.sources.get(id).is_some_and(is_other)
}

/// Another source under a name and version that is known takes its place when that is asked for, and never silently.
fn take_over(
    plan: &mut Plan,
    id: &ModuleId,
    source: &AddSource,
    verb: &str,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Option<StepId> {
    let (AddSource::Folder(named), Some(known)) = (source, snapshot.sources.get(id)) else { return None };
    if policy.has(Switch::Force) {
        return ensure_registered(
            plan,
            id,
            source,
            "it takes the place of the source that is there (--force)",
            snapshot,
        );
    }
    let (named, what) = (named.display(), known.named_otherwise.as_deref().unwrap_or_default());
    let there = match snapshot.module(id).map(|entry| &entry.state) {
        Some(VersionState::Added { source }) => source.display().to_string(),
        _ => String::new(),
    };
    let text = format!("{id} is already added, and {named} is another source than {there}: {what}");
    let hints = vec![
        format!("`dkms {verb} {named} --force` takes this source in place of that one"),
        "a PACKAGE_VERSION of its own in its dkms.conf keeps both".to_owned(),
    ];
    plan.omit(Some(id.clone()), None, Reason::Refused { case: Kind::AlreadyAdded, text, hints });
    None
}

fn already_added(source: &AddSource) -> Kind {
    match source {
        AddSource::Archive(unpacked) if unpacked.form == ArchiveForm::Dkms => Kind::ArchiveAlreadyAdded,
        _ => Kind::AlreadyAdded,
    }
}

/// Ends *built* for each of the kernels.
pub(crate) fn build(
    id: &ModuleId,
    source: &AddSource,
    targets: &[Target],
    snapshot: &Snapshot,
    policy: &Policy,
) -> Plan {
    let mut plan = Plan::default();
    let Some(after) = ensure_added(&mut plan, (id, source), "build", snapshot, policy) else { return plan };
    for target in targets {
        let brought = !after.is_empty() && source.brings(target);
        let built = brought || snapshot.module(id).is_some_and(|entry| entry.build(target).is_some());
        if built && !policy.has(Switch::Force) {
            let text = format!("{id} is already built for kernel {target}");
            plan.omit(Some(id.clone()), Some(target.clone()), already(text));
            continue;
        }
        let why = if built { "asked for again with --force" } else { "asked for" };
        make(&mut plan, Making { id, target, after: after.clone(), why: why.into() }, snapshot, policy);
    }
    drop_add_in_vain(&mut plan, source, &after);
    plan
}

/// Ends *installed* for each of the kernels.
pub(crate) fn install(
    id: &ModuleId,
    source: &AddSource,
    targets: &[Target],
    snapshot: &Snapshot,
    policy: &Policy,
) -> Plan {
    let mut plan = Plan::default();
    let Some(after) = ensure_added(&mut plan, (id, source), "install", snapshot, policy) else { return plan };
    for target in targets {
        if !after.is_empty() && source.brings(target) {
            let why = "the archive brings it built".to_owned();
            put(&mut plan, Making { id, target, after: after.clone(), why }, snapshot);
            continue;
        }
        install_on(&mut plan, id, target, &after, snapshot, policy);
    }
    drop_add_in_vain(&mut plan, source, &after);
    plan
}

/// A folder or archive that was named to be built is not taken in where it is built for no kernel.
fn drop_add_in_vain(plan: &mut Plan, source: &AddSource, added: &[StepId]) {
    if *source != AddSource::SourceTree && plan.steps.len() == added.len() && !plan.omissions.is_empty() {
        plan.steps.clear();
    }
}

fn install_on(plan: &mut Plan, id: &ModuleId, target: &Target, after: &[StepId], snapshot: &Snapshot, policy: &Policy) {
    let build = snapshot.module(id).and_then(|entry| entry.build(target));
    let force = policy.has(Switch::Force);
    let is_installed = build.is_some_and(|build| build.installed);
    // What lies in the tree is of no use to a kernel that is gone.
    let is_gone = snapshot.kernels.get(target).is_some_and(|kernel| !kernel.present);
    if is_installed
        && is_gone
        && let Some(reason) = refusal::build(id, target, snapshot)
    {
        plan.omit(Some(id.clone()), Some(target.clone()), reason);
        return;
    }
    let is_lost = snapshot.has_lost_files(id, target);
    if is_installed && !force && !is_lost {
        let by = rivals::took_the_place_of(id, target, snapshot).map(|by| format!(", and {by}")).unwrap_or_default();
        let text = format!("{id} is already installed on kernel {target}{by}");
        plan.omit(Some(id.clone()), Some(target.clone()), already(text));
        return;
    }
    if let Some(reason) = refusal::read_only(id, target, snapshot) {
        plan.omit(Some(id.clone()), Some(target.clone()), reason);
        return;
    }
    let mut after = after.to_vec();
    // A source that has just come is not what the build that is there was made from.
    let is_barred = snapshot.barred.contains(&(id.clone(), target.clone()));
    if build.is_none() || !after.is_empty() || is_barred {
        let why = if is_barred { NOT_SIGNED } else { "install needs it built" };
        let making = Making { id, target, after: after.clone(), why: why.into() };
        let Some(step) = make(plan, making, snapshot, policy) else { return };
        after.push(step);
    }
    let why = match (is_lost, is_installed) {
        (true, _) => LOST,
        (false, true) => "asked for again with --force",
        (false, false) => "asked for",
    };
    put(plan, Making { id, target, after, why: why.into() }, snapshot);
}

/// Adds the build step, or the reason why there is none.
pub(super) fn make(plan: &mut Plan, making: Making<'_>, snapshot: &Snapshot, policy: &Policy) -> Option<StepId> {
    let Making { id, target, after, why } = making;
    let refusal = refusal::build(id, target, snapshot).or_else(|| {
        let loaded = snapshot.conf(id, target)?.as_ref().ok()?;
        let missing = refusal::missing_dependencies(loaded, target, snapshot, policy);
        (!missing.is_empty()).then(|| refusal::dependency(id, target, &missing))
    });
    if let Some(reason) = refusal {
        plan.omit(Some(id.clone()), Some(target.clone()), reason);
        return None;
    }
    Some(plan.push(id.clone(), Some(target.clone()), Operation::Build, why, after))
}

/// Adds the install step, or the reason why there is none.
pub(super) fn put(plan: &mut Plan, making: Making<'_>, snapshot: &Snapshot) -> Option<StepId> {
    let Making { id, target, after, why } = making;
    let gone = snapshot.kernels.get(target).filter(|kernel| !kernel.present).map(|kernel| {
        let text = format!("there is no kernel {}: {} does not exist", target.kernel, kernel.folder.display());
        refused_with(Kind::KernelMissing, text, "install that kernel's image package, or check the -k option")
    });
    if let Some(reason) = gone.or_else(|| refusal::read_only(id, target, snapshot)) {
        plan.omit(Some(id.clone()), Some(target.clone()), reason);
        return None;
    }
    Some(plan.push(id.clone(), Some(target.clone()), Operation::Install, why, after))
}

/// The steps before a build of a module that may not be registered yet. None: it cannot be.
fn ensure_added(
    plan: &mut Plan,
    (id, source): (&ModuleId, &AddSource),
    verb: &str,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Option<Vec<StepId>> {
    match snapshot.module(id).map(|entry| &entry.state) {
        Some(VersionState::Added { .. }) if is_another(id, source, snapshot) => {
            take_over(plan, id, source, verb, snapshot, policy).map(|step| vec![step])
        }
        Some(VersionState::Added { .. }) => Some(Vec::new()),
        Some(VersionState::Broken { why }) => {
            plan.omit(Some(id.clone()), None, refusal::broken(id, why));
            None
        }
        None => ensure_registered(plan, id, source, "it is not added yet", snapshot).map(|step| vec![step]),
    }
}

/// The step that registers a source, or why it cannot be: no source (2), no dkms.conf (4).
pub(super) fn ensure_registered(
    plan: &mut Plan,
    id: &ModuleId,
    source: &AddSource,
    why: &str,
    snapshot: &Snapshot,
) -> Option<StepId> {
    if *source == AddSource::SourceTree
        && let Some(reason) = unusable_source(id, snapshot)
    {
        plan.omit(Some(id.clone()), None, reason);
        return None;
    }
    Some(plan.push(id.clone(), None, Operation::Add(source.clone()), why, Vec::new()))
}

fn unusable_source(id: &ModuleId, snapshot: &Snapshot) -> Option<crate::step::Reason> {
    let source = snapshot.sources.get(id)?;
    let folder = source.folder.display();
    if source.content == Content::Nothing {
        return Some(refused_with(
            Kind::SourceMissing,
            format!("there is no source for {id}: {folder} does not exist"),
            format!("put the source of {id} there, or name its folder or archive: `dkms add DIR`"),
        ));
    }
    (!source.has_conf).then(|| refused(Kind::ConfMissing, format!("{folder} holds no dkms.conf")))
}
