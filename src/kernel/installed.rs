//! Which kernels a root has: the folders of INSTALLTREE that are named like a release.

use std::cmp::Ordering;
use std::io;
use std::path::Path;

use fs_err as fs;

use super::{Kernel, headers, package};
use crate::ids::{Arch, KernelRelease, Target};
use crate::sys::fs::{is_read_only, is_real_folder, resolve};
use crate::tree::Layout;
use crate::version;

/// Every kernel of the root, oldest first (DKMS version order), with its headers. `arch` is the architecture that all are
/// taken to have. A folder is a kernel when it is a real folder and its name begins with a digit, as `uname -r` does;
/// `extramodules-…`, links and files are none.
pub(crate) fn kernels(layout: &Layout, arch: &Arch) -> io::Result<Vec<Kernel>> {
    let entries = match fs::read_dir(layout.install_tree()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(|c: char| c.is_ascii_digit())) else { continue };
        if let (true, Ok(release)) = (entry.file_type()?.is_dir(), KernelRelease::new(name)) {
            found.push(kernel(layout, &Target::new(release, arch.clone()), None));
        }
    }
    found.sort_by(|a, b| order(&a.target, &b.target));
    Ok(found)
}

/// One kernel that somebody named, whether or not it is there. `source_dir` is `--kernelsourcedir`, opened.
pub(crate) fn kernel(layout: &Layout, target: &Target, source_dir: Option<&Path>) -> Kernel {
    let folder = layout.kernel_modules(target);
    let present = is_real_folder(&folder) || folder.is_dir();
    let headers = headers::find(layout, target, source_dir);
    let named = || package::base(&fs::read_to_string(folder.join("pkgbase")).ok()?);
    let base = if headers.is_present() { None } else { named() };
    let read_only = present && is_read_only(&folder);
    Kernel { target: target.clone(), folder, present, read_only, headers, base }
}

/// Whether nothing of a kernel is there any more: no folder, or one that holds at most modules from outside and what
/// depmod made of them. Headers alone keep a kernel: their package may come before that of the image.
pub(crate) fn has_gone(layout: &Layout, target: &Target) -> bool {
    is_gone(layout, &layout.kernel_modules(target))
}

/// The same of the folder of a kernel.
pub(crate) fn is_gone(layout: &Layout, folder: &Path) -> bool {
    let of_a_kernel = ["build", "source", "kernel", "vmlinuz", "modules.order", "modules.builtin"];
    !of_a_kernel.iter().any(|name| resolve(layout.root(), &folder.join(name)).is_some())
}

/// Whether anything is there that an image brings, or that depmod made of it: headers alone have none of it.
pub(crate) fn has_image(layout: &Layout, target: &Target) -> bool {
    let folder = layout.kernel_modules(target);
    let of_an_image = ["kernel", "vmlinuz", "modules.order", "modules.builtin", "modules.dep"];
    of_an_image.iter().any(|name| folder.join(name).exists())
}

/// What depmod writes into a kernel's folder (depmod(8), kmod 34); the other modules.* files belong to the kernel.
pub(crate) const LISTS: [&str; 12] = [
    "modules.alias",
    "modules.alias.bin",
    "modules.builtin.alias.bin",
    "modules.builtin.bin",
    "modules.dep",
    "modules.dep.bin",
    "modules.devname",
    "modules.softdep",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.weakdep",
    "modules.isapnpmap",
];

/// Version order; releases that it takes for equal are told apart by their bytes.
fn order(a: &Target, b: &Target) -> Ordering {
    version::compare(a.kernel.as_str(), b.kernel.as_str()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_named_like_a_release_are_kernels_oldest_first() {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("lib/modules");
        for name in ["6.10.0", "6.9.0-1", "6.1.0-50-amd64", "5.14.0-70.el9.x86_64", "extramodules-6.1", ".tmp", "dkms"]
        {
            fs::create_dir_all(modules.join(name)).unwrap();
        }
        fs::create_dir_all(modules.join("6.9.0-1/build/include")).unwrap();
        fs::write(modules.join("7.0"), "a file").unwrap();
        std::os::unix::fs::symlink("6.10.0", modules.join("6.10")).unwrap();
        let layout = Layout::new(root.path(), "/d".as_ref(), "/s".as_ref(), "/lib/modules".as_ref());
        let kernels = kernels(&layout, &Arch::new("x86_64").unwrap()).unwrap();
        let names: Vec<_> = kernels.iter().map(|kernel| kernel.target.kernel.as_str()).collect();
        assert_eq!(names, ["5.14.0-70.el9.x86_64", "6.1.0-50-amd64", "6.9.0-1", "6.10.0"]);
        let with_headers: Vec<_> = kernels.iter().map(Kernel::has_headers).collect();
        assert_eq!(with_headers, [false, false, true, false]);
        assert!(kernels.iter().all(|kernel| kernel.present));
    }

    #[test]
    fn a_kernel_has_gone_when_only_modules_from_outside_and_their_lists_remain() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), "/d".as_ref(), "/s".as_ref(), "/lib/modules".as_ref());
        for (kernel, files, gone) in [
            ("6.0", &[][..], true),
            ("6.1", &["updates/dkms/a.ko", "modules.dep", "modules.alias"], true),
            ("6.2", &["updates/dkms/a.ko", "kernel/fs/b.ko"], false),
            ("6.3", &["modules.order"], false),
            ("6.4", &["build/Makefile"], false),
            ("6.5", &["vmlinuz"], false),
        ] {
            for file in files {
                let file = root.path().join("lib/modules").join(kernel).join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "").unwrap();
            }
            let target = Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap());
            assert_eq!(has_gone(&layout, &target), gone, "{kernel}");
        }
    }

    #[test]
    fn a_root_without_kernels_has_none_and_a_named_one_is_not_present() {
        let layout = Layout::new("/nowhere".as_ref(), "/d".as_ref(), "/s".as_ref(), "/lib/modules".as_ref());
        let arch = Arch::new("x86_64").unwrap();
        assert!(kernels(&layout, &arch).unwrap().is_empty());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), arch);
        assert!(!kernel(&layout, &target, None).present);
    }
}
