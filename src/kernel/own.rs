//! What a kernel's own modules and lists tell of it: what modules from outside have to be like.

use std::path::Path;

use fs_err as fs;

use super::acceptance::{self, Age, Demands, Own};
use super::modinfo::read_module;
use super::suffix::first_module;
use super::symbols::{self, Offered};
use super::{Kernel, KernelConfig, ModInfo, headers};
use crate::ids::{ModuleName, Target};
use crate::tree::Tree;

/// Where distributions keep the list of symbols beside a kernel, whether or not its headers are there: Fedora and its kin.
const LISTS: [&str; 3] = ["symvers.xz", "symvers.zst", "symvers.gz"];
/// The list of symbols that a build leaves.
const SYMVERS: &str = "Module.symvers";

impl<'a> Demands<'a> {
    /// Those of a kernel with this configuration, towards modules that are built on others of the tree.
    pub(crate) fn of(
        kernel: &Kernel,
        config: &'a KernelConfig,
        (tree, depends): (&Tree, &[ModuleName]),
        age: Age,
    ) -> Self {
        let folder = kernel.headers.folder();
        let mut offered = if config.is_enabled("CONFIG_MODVERSIONS") { offered(kernel) } else { Offered::default() };
        add_dependencies(&mut offered, tree, depends, &kernel.target);
        let releases = headers::releases(&kernel.target.kernel, folder);
        Self { releases, config, offered, own: Own::of(kernel), age }
    }
}

impl Own {
    /// Of the first module that came with the kernel, if there is one that is for it.
    pub(crate) fn of(kernel: &Kernel) -> Option<Self> {
        let content = read_module(&first_module(&kernel.folder)?).ok()?;
        let info = ModInfo::parse(&content).ok()?;
        let is_its = info.release() == Some(kernel.target.kernel.as_str());
        let elf = object::File::parse(content.as_slice()).ok().filter(|_| is_its)?;
        Some(Self { size: acceptance::size_of(&elf)?, flags: info.flags(), needs: symbols::needed(&content).ok()? })
    }
}

/// The symbols of a kernel in the versions that it offers: as its headers list them, else as its package does. Empty where
/// there is no list.
pub(crate) fn offered(kernel: &Kernel) -> Offered {
    let of_headers = std::iter::once(kernel.headers.folder().join(SYMVERS));
    let beside = LISTS.iter().map(|name| kernel.folder.join(name));
    of_headers.chain(beside).find_map(|list| read_list(&list)).unwrap_or_default()
}

/// Whether the headers of a kernel say which symbols it offers.
pub(crate) fn is_listed_by_headers(kernel: &Kernel) -> bool {
    fs::metadata(kernel.headers.folder().join(SYMVERS)).is_ok_and(|meta| meta.len() > 0)
}

/// Adds what the modules of these names that the kernel has offer.
pub(crate) fn add_dependencies(offered: &mut Offered, tree: &Tree, depends: &[ModuleName], target: &Target) {
    for name in depends {
        let Some(version) = tree.active(name, target) else { continue };
        let id = crate::ids::ModuleId::new(name.clone(), version);
        let list = fs::read(tree.layout().built_modules(&id, target).join(SYMVERS));
        offered.add(&String::from_utf8_lossy(&list.unwrap_or_default()));
    }
}

fn read_list(list: &Path) -> Option<Offered> {
    let offered = Offered::listed(&String::from_utf8_lossy(&read_module(list).ok()?));
    (!offered.is_empty()).then_some(offered)
}

#[cfg(test)]
mod tests {
    use super::super::modinfo::tests::elf_of;
    use super::*;
    use crate::ids::{Arch, KernelRelease};
    use crate::kernel::installed;
    use crate::tree::Layout;

    /// A kernel whose folder and headers hold these files.
    fn kernel(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Kernel) {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let file = root.path().join("lib/modules/6.1").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        let layout = Layout::new(root.path(), "/d".as_ref(), "/s".as_ref(), "/lib/modules".as_ref());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let kernel = installed::kernel(&layout, &target, None);
        (root, kernel)
    }

    fn module(release: &str, size: usize) -> Vec<u8> {
        let info = format!("vermagic={release} SMP \0");
        let version = [&7_u64.to_le_bytes()[..], b"module_layout", &[0; 43]].concat();
        let sections = [(".modinfo", info.as_bytes()), (".gnu.linkonce.this_module", &vec![0; size])];
        elf_of(&[&sections[..], &[("__versions", &version)]].concat())
    }

    #[test]
    fn the_first_module_of_a_kernel_tells_of_it_when_it_is_for_it() {
        for (files, expected) in [
            (&[("kernel/a/b.ko", module("6.1", 40))][..], Some(40)),
            (&[("kernel/a/b.ko", module("6.2", 40))], None),
            (&[("kernel/a/b.ko", b"no module".to_vec())], None),
            (&[("updates/dkms/b.ko", module("6.1", 40))], None),
            (&[], None),
        ] {
            let files: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_slice())).collect();
            let (_root, kernel) = kernel(&files);
            let own = Own::of(&kernel);
            assert_eq!(own.as_ref().map(|own| own.size), expected);
            assert!(own.is_none_or(|own| own.needs[0].name == "module_layout"));
        }
    }

    #[test]
    fn symbols_are_listed_by_the_headers_or_beside_the_kernel() {
        const LIST: &[u8] = b"0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\n";
        let zst = zstd::encode_all(LIST, 1).unwrap();
        for (files, is_known) in [
            (&[("build/include/x", &b""[..]), ("build/Module.symvers", LIST)][..], true),
            (&[("symvers.zst", zst.as_slice())], true),
            (&[("build/Module.symvers", b""), ("symvers.gz", LIST)], true),
            (&[("modules.dep", b"")], false),
        ] {
            let (_root, kernel) = kernel(files);
            assert_eq!(!offered(&kernel).is_empty(), is_known, "{files:?}");
        }
    }
}
