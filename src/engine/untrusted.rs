//! Installed modules that their kernel would not load because of what Secure Boot asks of signatures: the key that made them
//! is not enrolled, was revoked, or the file was changed afterwards.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::ids::{ModuleId, Target};
use crate::sys::chroot;
use crate::trust::verdict::Answer;

use super::app::App;
use super::mok;

/// An installed module that its kernel would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untrusted {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    pub(crate) why: String,
}

/// Whether the firmware may keep this machine's kernels from loading what we sign. What another root's machine trusts is not
/// known.
fn may_refuse(app: &App) -> bool {
    app.system.is_secure_boot() && chroot::certain(&app.system).is_none()
}

/// Those among the modules and kernels that are wanted; none where Secure Boot is off.
pub(crate) fn installed(app: &App, is_wanted: &dyn Fn(&ModuleId, &Target) -> bool) -> Result<Vec<Untrusted>> {
    if may_refuse(app) { refused(app, is_wanted) } else { Ok(Vec::new()) }
}

fn refused(app: &App, is_wanted: &dyn Fn(&ModuleId, &Target) -> bool) -> Result<Vec<Untrusted>> {
    let mut found: BTreeMap<(ModuleId, Target), String> = BTreeMap::new();
    for module in mok::Status::look(app, is_wanted)?.modules {
        if let Answer::Refused(why) = module.answer {
            found.entry((module.id, module.target)).or_insert(why);
        }
    }
    Ok(found.into_iter().map(|((module, target), why)| Untrusted { module, target, why }).collect())
}

/// The same at the end of an event, which looks at modules only where the key that signs here is not enrolled.
pub(crate) fn of_unknown_key(app: &App) -> Result<Vec<Untrusted>> {
    if may_refuse(app) && mok::has_unknown_key(app) { installed(app, &|_, _| true) } else { Ok(Vec::new()) }
}

/// A line for each reason, with the command that tells more.
pub(crate) fn lines(found: &[Untrusted]) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, (BTreeSet<&ModuleId>, BTreeSet<&Target>)> = BTreeMap::new();
    for Untrusted { module, target, why } in found {
        let (modules, targets) = by_reason.entry(why).or_default();
        modules.insert(module);
        targets.insert(target);
    }
    let line = |(why, (modules, targets)): (&str, (BTreeSet<&ModuleId>, BTreeSet<&Target>))| {
        let modules: Vec<_> = modules.iter().map(ToString::to_string).collect();
        let kernels: Vec<_> = targets.iter().map(|target| target.kernel.as_str()).collect();
        let (modules, kernels) = (modules.join(", "), kernels.join(", "));
        format!("{modules} would not be loaded by {kernels}: {why}; `dkms mok status` says what to do")
    };
    by_reason.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::conf::Framework;
    use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion};
    use crate::report::human::{Human, Loudness, Notes};
    use crate::sys::System;
    use crate::sys::efi::SHIM;

    /// A module made for a test, and the certificate of the key that signed it.
    const MODULE: &[u8] = include_bytes!("../../tests/fixtures/signatures/signed.ko");
    const CERTIFICATE: &[u8] = include_bytes!("../../tests/fixtures/signatures/signed.der");

    fn write(root: &Path, name: &str, content: &[u8]) {
        let file = root.join(name);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, content).unwrap();
    }

    /// A root whose only kernel has foo/1, signed by its own key; `list` is a variable of shim's that holds the certificate.
    fn machine(config: &str, list: Option<&str>) -> (tempfile::TempDir, App) {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| write(root.path(), name, content);
        write("lib/modules/6.1.0-1/build/include/config/auto.conf", config.as_bytes());
        write("lib/modules/6.1.0-1/updates/dkms/foo.ko", MODULE);
        let system = System::host().with_root(root.path());
        let arch = system.machine().unwrap().to_string();
        write(&format!("var/lib/dkms/foo/1/6.1.0-1/{arch}/module/foo.ko"), MODULE);
        write("usr/src/foo-1/dkms.conf", b"");
        let link = |to: &str, place: &str| {
            fs_err::os::unix::fs::symlink(to, root.path().join("var/lib/dkms/foo").join(place)).unwrap();
        };
        link("/usr/src/foo-1", "1/source");
        link(&format!("1/6.1.0-1/{arch}"), &format!("kernel-6.1.0-1-{arch}"));
        write("var/lib/dkms/mok.pub", CERTIFICATE);
        if let Some(list) = list {
            let value = crate::trust::list_of(CERTIFICATE);
            write(&format!("sys/firmware/efi/efivars/{list}-{SHIM}"), &[&[6, 0, 0, 0], value.as_slice()].concat());
        }
        let (framework, _) = Framework::read(&system);
        (root, App::new(system, framework, Human::new(Loudness::Nothing, Notes::Stdout)))
    }

    #[test]
    fn a_module_of_a_key_that_is_not_enrolled_is_told_with_its_reason_where_signatures_are_enforced() {
        let enforced = "CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\nCONFIG_SYSTEM_REVOCATION_LIST=y\n\
                        CONFIG_INTEGRITY_MACHINE_KEYRING=y\n";
        let noted = "CONFIG_MODULE_SIG=y\n";
        for (config, list, expected) in [
            (enforced, None, Some("does not know its key")),
            (enforced, Some("MokListRT"), None),
            (enforced, Some("MokNew"), Some("waits to be confirmed at the next start")),
            (enforced, Some("MokListXRT"), Some("was revoked")),
            (noted, None, None),
        ] {
            let (_root, app) = machine(config, list);
            let told = lines(&refused(&app, &|_, _| true).unwrap());
            let is_told = |words: &str| matches!(&told[..], [line] if line.contains(words));
            assert!(expected.map_or(told.is_empty(), is_told), "{list:?}: {told:?}");
            assert_eq!(mok::has_unknown_key(&app), list != Some("MokListRT"), "{list:?}");
            assert!(refused(&app, &|_, _| false).unwrap().is_empty());
            // What this machine's firmware says is not about another root.
            assert!(installed(&app, &|_, _| true).unwrap().is_empty() && of_unknown_key(&app).unwrap().is_empty());
        }
    }

    #[test]
    fn modules_and_kernels_share_a_line_for_one_reason() {
        let one = |name: &str, kernel: &str, why: &str| Untrusted {
            module: ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1").unwrap()),
            target: Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap()),
            why: why.to_owned(),
        };
        let found = [one("a", "6.1", "x"), one("b", "6.1", "x"), one("a", "6.2", "x"), one("c", "6.2", "y")];
        assert_eq!(
            lines(&found),
            [
                "a/1, b/1 would not be loaded by 6.1, 6.2: x; `dkms mok status` says what to do",
                "c/1 would not be loaded by 6.2: y; `dkms mok status` says what to do"
            ]
        );
    }
}
