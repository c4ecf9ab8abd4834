//! Installed modules on kernels whose headers are gone: whether such a kernel loads them still, as far as its own modules and
//! lists tell, and where they do not, that it cannot be told.

use std::collections::BTreeMap;

use crate::ids::{ModuleId, Target};
use crate::kernel::acceptance::{self, Own};
use crate::kernel::modinfo::read_module;
use crate::kernel::symbols::{self, Offered, Symbol};
use crate::kernel::{installed, own};
use crate::tree::{Build, Layout, ModuleEntry, Tree};

use super::app::App;

/// What is known of an installed module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unlisted {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    pub(crate) answer: Answer,
}

/// Whether its kernel loads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It does not, for this reason.
    Refused(String),
    /// That cannot be told, for this reason.
    Unknown(String),
}

impl std::fmt::Display for Unlisted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { module, target, answer } = self;
        match answer {
            Answer::Refused(why) => write!(f, "{module} would not be loaded by {target}: {why}"),
            Answer::Unknown(why) => write!(f, "cannot tell whether {target} loads {module}: {why}"),
        }
    }
}

/// Those among the modules and kernels that are wanted of which something is to be said: what has headers that list symbols is
/// compared with them by every plan.
pub(crate) fn installed(
    app: &App,
    modules: &[ModuleEntry],
    is_wanted: &dyn Fn(&ModuleId, &Target) -> bool,
) -> Vec<Unlisted> {
    let layout = app.tree.layout();
    let builds = modules.iter().flat_map(|entry| entry.builds.iter().map(move |build| (&entry.id, build)));
    let wanted = builds.filter(|(id, build)| build.installed && is_wanted(id, &build.target));
    // Lists of symbols are long, and many modules share a kernel.
    let mut kernels = BTreeMap::new();
    let told = wanted.filter_map(|(id, Build { target, .. })| {
        let facts = kernels.entry(target).or_insert_with(|| Facts::of(layout, target)).as_ref()?;
        let answer = facts.answer(&files(&app.tree, id, target)?)?;
        Some(Unlisted { module: id.clone(), target: target.clone(), answer })
    });
    told.collect()
}

/// The files of an installed module.
fn files(tree: &Tree, id: &ModuleId, target: &Target) -> Option<Vec<Vec<u8>>> {
    let noted = tree.installed(&id.name, target).filter(|noted| noted.version == id.version)?;
    Some(noted.files.iter().filter_map(|file| read_module(&tree.layout().opened(&file.place)).ok()).collect())
}

/// What a kernel without headers tells of itself.
struct Facts {
    own: Option<Own>,
    /// The symbols that a list beside it offers; empty: there is none.
    listed: Offered,
}

impl Facts {
    /// None: it has gone, or its headers list its symbols.
    fn of(layout: &Layout, target: &Target) -> Option<Self> {
        let kernel = installed::kernel(layout, target, None);
        if !kernel.present || installed::is_gone(layout, &kernel.folder) || own::is_listed_by_headers(&kernel) {
            return None;
        }
        Some(Self { own: Own::of(&kernel), listed: own::offered(&kernel) })
    }

    /// Whether the kernel has the files is asked elsewhere.
    fn answer(&self, files: &[Vec<u8>]) -> Option<Answer> {
        let needed: Vec<Symbol> = files.iter().filter_map(|file| symbols::needed(file).ok()).flatten().collect();
        let sizes = files.iter().filter_map(|file| acceptance::size_of(&object::File::parse(file.as_slice()).ok()?));
        let wanted = self.own.as_ref().map(|own| own.size);
        if let Some((has, wanted)) = sizes.filter_map(|has| Some((has, wanted?))).find(|(has, wanted)| has != wanted) {
            return Some(Answer::Refused(acceptance::Unfit::Size { has, wanted }.to_string()));
        }
        let is_list = !self.listed.is_empty();
        let of_own = || self.own.iter().flat_map(|own| own.needs.iter().cloned()).collect::<Offered>();
        let other = if is_list { self.listed.other(&needed) } else { of_own().other(&needed) };
        match other {
            Some(other) => Some(Answer::Refused(other.to_string())),
            None if is_list || needed.is_empty() => None,
            None => {
                let why =
                    "its headers are gone, and nothing else lists the versions of the symbols that the module needs";
                Some(Answer::Unknown(why.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::Framework;
    use crate::kernel::modinfo::tests::elf_of;
    use crate::report::human::{Human, Loudness, Notes};
    use crate::sys::System;

    const INSTALLED: &str = r#"{"version":"1","files":[{"place":"/lib/modules/6.1.0-1/updates/dkms/foo.ko"}]}"#;
    const THERE: &str = "lib/modules/6.1.0-1/updates/dkms/foo.ko";
    const OWN: &str = "lib/modules/6.1.0-1/kernel/own.ko";

    /// A root whose only kernel has foo/1 and these files.
    fn machine(files: &[(&str, Vec<u8>)]) -> (tempfile::TempDir, App) {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let arch = system.machine().unwrap().to_string();
        let built = format!("var/lib/dkms/foo/1/6.1.0-1/{arch}/module/foo.ko");
        let noted = format!("var/lib/dkms/.records/installed/foo,6.1.0-1,{arch}.json");
        let always =
            [(built.as_str(), Vec::new()), (&noted, INSTALLED.into()), ("usr/src/foo-1/dkms.conf", Vec::new())];
        for (name, content) in always.iter().chain(files) {
            let file = root.path().join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, content).unwrap();
        }
        let link = |to: &str, place: &str| {
            fs_err::os::unix::fs::symlink(to, root.path().join("var/lib/dkms/foo").join(place)).unwrap();
        };
        link("/usr/src/foo-1", "1/source");
        link(&format!("1/6.1.0-1/{arch}"), &format!("kernel-6.1.0-1-{arch}"));
        let (framework, _) = Framework::read(&system);
        (root, App::new(system, framework, Human::new(Loudness::Nothing, Notes::Stdout)))
    }

    /// A module that needs `module_layout` in this version; 0: that was built without versions.
    fn module(crc: u64, size: usize) -> Vec<u8> {
        let version = [&crc.to_le_bytes()[..], b"module_layout", &[0; 43]].concat();
        let versions = if crc == 0 { &[][..] } else { &version };
        let info = b"vermagic=6.1.0-1 SMP mod_unload modversions \0";
        let this = vec![0; size];
        elf_of(&[(".modinfo", info), (".gnu.linkonce.this_module", &this), ("__versions", versions)])
    }

    #[test]
    fn without_headers_a_kernel_is_judged_by_what_it_has_itself_and_the_rest_cannot_be_told() {
        let list = |crc: u32| format!("{crc:#010x}\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\n").into_bytes();
        let foo = || (THERE, module(7, 8));
        for (files, expected) in [
            (vec![foo(), (OWN, module(7, 8))], Some("cannot tell whether 6.1.0-1")),
            (vec![foo(), (OWN, b"odd".to_vec())], Some("cannot tell whether 6.1.0-1")),
            (vec![(THERE, module(0, 8)), (OWN, module(7, 8))], None),
            (vec![foo(), (OWN, module(9, 8))], Some("needs module_layout in version 0x00000007, and 0x00000009")),
            (vec![foo(), (OWN, module(7, 16))], Some("its struct module has 8 bytes")),
            (vec![foo(), ("lib/modules/6.1.0-1/symvers.gz", list(7)), (OWN, module(7, 8))], None),
            (
                vec![foo(), ("lib/modules/6.1.0-1/symvers.gz", list(8)), (OWN, module(7, 8))],
                Some("0x00000008 is offered"),
            ),
            (vec![foo(), ("lib/modules/6.1.0-1/build/Module.symvers", list(8)), (OWN, module(7, 8))], None),
            (vec![foo()], None),
        ] {
            let (_root, app) = machine(&files);
            let modules = app.tree.modules().unwrap();
            let found: Vec<_> = installed(&app, &modules, &|_, _| true).iter().map(ToString::to_string).collect();
            assert_eq!(found.len(), usize::from(expected.is_some()), "{expected:?}: {found:?}");
            assert!(expected.is_none_or(|words| found[0].contains(words)), "{expected:?}: {found:?}");
            assert!(installed(&app, &modules, &|_, _| false).is_empty());
        }
    }
}
