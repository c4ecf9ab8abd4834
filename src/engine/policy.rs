//! What an event tells its package manager: framework.conf's failure policy, where the manager can take it.

use std::collections::BTreeSet;

use crate::conf::Framework;
use crate::conf::policy::FailurePolicy;
use crate::error::Error;
use crate::event::Bearing;
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleName};

use crate::engine::essential::{Essentials, names};

/// What became of an event.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub(crate) failed: BTreeSet<ModuleName>,
    /// What kept us from all of the work, if anything did.
    pub(crate) broke_off: Option<Kind>,
    /// The kernel that the event is about.
    pub(crate) kernel: Option<KernelRelease>,
    pub(crate) essentials: Essentials,
}

/// The error that the package manager is to see; None for 0.
pub(crate) fn judge(framework: &Framework, bearing: Bearing, ended: &Ended) -> Option<Error> {
    if bearing == Bearing::Never {
        return None;
    }
    strict(framework, ended).or_else(|| hold(framework, bearing, ended))
}

/// Work that waits for a package has not failed, and neither has a tree that cannot be written: images leave that to the
/// first boot.
fn strict(framework: &Framework, ended: &Ended) -> Option<Error> {
    let policies = &framework.policies;
    let strict: Vec<&ModuleName> = ended.failed.iter().filter(|name| policies.is_strict(name)).collect();
    let broke_off = ended.broke_off.is_some_and(|case| case != Kind::NotRoot);
    let text = if !strict.is_empty() {
        format!("{} failed, and the failure policy is strict", names(strict))
    } else if broke_off && policies.failure == FailurePolicy::Strict {
        "the work was not done, and the failure policy is strict".to_owned()
    } else {
        return None;
    };
    let hint = "once that is mended, let the package manager finish its work (`dpkg --configure -a`), or run `dkms reconcile`; \
                failure_policy and strict_modules in framework.conf(5) are what makes it fail";
    Some(Error::new(Kind::EventFailed, text).hint(hint))
}

/// Where no other kernel has what is essential, holding this one keeps nothing that boots.
fn hold(framework: &Framework, bearing: Bearing, ended: &Ended) -> Option<Error> {
    let kernel = ended.kernel.as_ref().filter(|_| bearing == Bearing::HoldsKernel && framework.is_on("hold"))?;
    let lack = ended.essentials.lacks.iter().find(|lack| lack.target.kernel == *kernel)?;
    let other = ended.essentials.sound.last()?;
    let text = format!(
        "kernel {kernel} is held back: it lacks the essential {}, which kernel {} has",
        names(&lack.modules),
        other.kernel
    );
    let hint = "once it is installed (`dkms reconcile`), let the package manager finish its work (`dpkg --configure -a`, or \
                `kernel-install add`); hold and essential_modules in framework.conf(5) are what keeps it";
    Some(Error::new(Kind::EventFailed, text).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::essential::Lack;
    use crate::ids::{Arch, Target};
    use crate::sys::System;

    /// Settings in the form of framework.conf, one a line.
    fn framework(text: &str) -> Framework {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("etc/dkms")).unwrap();
        fs_err::write(root.path().join("etc/dkms/framework.conf"), text).unwrap();
        let (framework, warnings) = Framework::read(&System::host().with_root(root.path()));
        assert_eq!(warnings, Vec::<String>::new(), "{text}");
        framework
    }

    fn target(kernel: &str) -> Target {
        Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap())
    }

    /// `failed a`, `broke`, `lacks`, `alone`, `unwritable`, in any combination: an event about kernel 6.2.
    fn ended(words: &str) -> Ended {
        let has = |word: &str| words.split(' ').any(|other| other == word);
        let zfs = || ModuleName::new("zfs").unwrap();
        let mut ended = Ended { kernel: Some(target("6.2").kernel), ..Ended::default() };
        ended.failed =
            ["zfs", "other"].iter().filter(|name| has(name)).map(|name| ModuleName::new(*name).unwrap()).collect();
        ended.broke_off = has("broke").then_some(Kind::LockTimeout).or(has("unwritable").then_some(Kind::NotRoot));
        let lacking = if has("lacks") { "6.2" } else { "6.3" };
        ended.essentials.lacks = vec![Lack { target: target(lacking), modules: vec![zfs()] }];
        ended.essentials.sound = if has("alone") { Vec::new() } else { vec![target("6.1")] };
        ended
    }

    #[test]
    fn the_policy_decides_what_each_kind_of_event_ends_with() {
        use Bearing::{HoldsKernel, Never, Tells};
        const REPORT: &str = "";
        const STRICT: &str = "failure_policy=strict\n";
        const LISTED: &str = "strict_modules=zfs\n";
        const HOLD: &str = "essential_modules=zfs\nhold=yes\n";
        for (settings, what, bearing, code) in [
            (REPORT, "zfs other broke lacks", Never, 0),
            (REPORT, "zfs other broke lacks", Tells, 0),
            (REPORT, "zfs other broke lacks", HoldsKernel, 0),
            (STRICT, "", Tells, 0),
            (STRICT, "other", Never, 0),
            (STRICT, "other", Tells, 76),
            (STRICT, "other", HoldsKernel, 76),
            (STRICT, "broke", Never, 0),
            (STRICT, "broke", Tells, 76),
            (STRICT, "unwritable", Tells, 0),
            (STRICT, "lacks", HoldsKernel, 0),
            (LISTED, "zfs", Never, 0),
            (LISTED, "zfs", Tells, 76),
            (LISTED, "other", Tells, 0),
            (LISTED, "broke", Tells, 0),
            (HOLD, "lacks", HoldsKernel, 76),
            (HOLD, "lacks broke", HoldsKernel, 76),
            (HOLD, "lacks zfs", Tells, 0),
            (HOLD, "lacks zfs", Never, 0),
            (HOLD, "lacks alone", HoldsKernel, 0),
            (HOLD, "other", HoldsKernel, 0),
            ("essential_modules=zfs\n", "lacks zfs", HoldsKernel, 0),
        ] {
            let error = judge(&framework(settings), bearing, &ended(what));
            assert_eq!(error.map_or(0, |error| error.kind().code()), code, "{settings:?}, {what}, {bearing:?}");
        }
    }

    #[test]
    fn who_is_stopped_is_told_by_what_and_how_to_go_on() {
        let told = |settings: &str, what: &str| {
            let error = judge(&framework(settings), Bearing::HoldsKernel, &ended(what)).unwrap();
            (error.message().to_owned(), error.hints().join(" "))
        };
        let (text, hint) = told("failure_policy=strict", "zfs other");
        assert_eq!(text, "other, zfs failed, and the failure policy is strict");
        assert!(hint.contains("dpkg --configure -a") && hint.contains("failure_policy"), "{hint}");
        let (text, hint) = told("essential_modules=zfs\nhold=yes", "lacks");
        assert_eq!(text, "kernel 6.2 is held back: it lacks the essential zfs, which kernel 6.1 has");
        assert!(hint.contains("hold and essential_modules"), "{hint}");
    }
}
