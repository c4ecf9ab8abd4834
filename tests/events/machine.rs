//! A machine with a package manager that only pretends: what its packages have put on the disk, and who owns it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::sandbox::{Ran, Sandbox};

/// The modules. `plain` merely brings its source, and so does `deep`, which is built with plain's symbols; `usual` has the
/// scripts of packages for the shell original, `made` those of packages that dkms-rs makes.
pub const MODULES: [&str; 4] = ["deep", "made", "plain", "usual"];
pub const VERSIONS: [&str; 2] = ["1.0", "2.0"];
pub const KERNELS: [&str; 3] = ["6.1.0-1", "6.1.0-2", "6.2.0-1"];

/// Which package manager it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    Dpkg,
    Rpm,
    Pacman,
}

/// A module's package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    pub version: &'static str,
    /// Its release: another one holds another source.
    pub release: usize,
    pub fails: Fails,
}

/// Whether a source does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    Nowhere,
    On(&'static str),
    Everywhere,
}

impl Package {
    pub fn fails_on(&self, kernel: &str) -> bool {
        match self.fails {
            Fails::Nowhere => false,
            Fails::On(one) => one == kernel,
            Fails::Everywhere => true,
        }
    }
}

/// A kernel's packages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kernel {
    pub image: bool,
    /// The release of its headers.
    pub headers: Option<usize>,
}

/// What a package manager does to the disk and to its database.
#[derive(Debug, Clone)]
pub enum Files {
    Unpack(&'static str, Package),
    Delete(&'static str, Package),
    /// The database says so of the package: dpkg's state of it, and how many instances of it there are.
    Own(&'static str, Package, &'static str, usize),
    Disown(&'static str, Package),
    Image(&'static str),
    NoImage(&'static str),
    Headers(&'static str, usize),
    NoHeaders(&'static str),
    /// What the kernel's own package does at the end.
    Depmod(&'static str),
}

/// Says which headers it was built with; fails where a file named FAIL lies, or one that names the kernel besides.
const MAKE: &str = r#"#!/bin/sh
for word; do case $word in HEADERS=*) headers=${word#HEADERS=} ;; esac; done
kernel=${headers%/build}
for fail in FAIL "FAIL.${kernel##*/}"; do
    [ ! -e "$fail" ] || { echo 'x.c:1:1: error: it was told to fail' >&2; exit 2; }
done
. elf.sh
for source in *.c; do
    IFS= read -r text <"$source"
    IFS= read -r symbols <"$headers/Module.symvers"
    { elf; printf '%s, %s\n' "$text" "$symbols"; } >"${source%.c}.ko"
done
"#;

/// `depmod -b BASE -a KERNEL`.
const DEPMOD: &str = r#"#!/bin/sh
cd "$2/lib/modules/$4" || exit 1
for list in modules.dep modules.dep.bin modules.alias.bin modules.symbols.bin; do
    for module in updates/*.ko updates/dkms/*.ko extra/*.ko kernel/drivers/*.ko; do
        [ ! -e "$module" ] || echo "$module:"
    done >"new.$$"
    mv -f "new.$$" "$list"
done
"#;

const DPKG_QUERY: &str = r#"#!/bin/sh
[ -e "$SANDBOX/manager.Dpkg" ] || exit 1
folder=${2%/dkms.conf}
case $1 in
    -S) [ -e "$SANDBOX/owners/${folder##*/}" ] && echo "${folder##*/}: $2" ;;
    -W) read -r state count <"$SANDBOX/owners/$4" && echo "$state" ;;
esac
"#;

/// `rpm run CMD...` is a transaction in which a scriptlet runs CMD; `serve` is one that runs the scripts it is told.
const RPM: &str = r#"#!/bin/sh
[ "$1" != serve ] || { SERVE; exit; }
[ "$1" != run ] || { shift; "$@"; exit; }
[ -e "$SANDBOX/manager.Rpm" ] || exit 1
for file; do :; done
folder=${file%/dkms.conf}
read -r state count 2>/dev/null <"$SANDBOX/owners/${folder##*/}" || exit 1
case $*,$count in
    *--qf*,2) printf xx ;;
    *--qf*) printf x ;;
    *) echo a-package ;;
esac
"#;

const DPKG: &str = "#!/bin/sh\nSERVE\n";

/// Reads the words of scripts, runs each, and says how it ended.
const SERVE: &str = "while read -r script; do sh $script; echo $?; done";

const PACMAN: &str = r#"#!/bin/sh
[ "$1" != serve ] || { SERVE; exit; }
[ -e "$SANDBOX/manager.Pacman" ] || exit 1
folder=${2%/dkms.conf}
[ -e "$SANDBOX/owners/${folder##*/}" ] && echo a-package
"#;

/// The machine.
pub struct Machine {
    pub sandbox: Sandbox,
    pub manager: Manager,
    pub packages: BTreeMap<&'static str, Package>,
    pub kernels: BTreeMap<&'static str, Kernel>,
}

impl Machine {
    /// Without a kernel and without a module.
    pub fn new(manager: Manager) -> Self {
        let sandbox = Sandbox::new();
        fs::remove_dir_all(sandbox.path("lib/modules")).unwrap();
        for folder in ["lib/modules", "owners", "headers"] {
            fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        sandbox.write(&format!("manager.{manager:?}"), "");
        let tools = [("make", MAKE), ("depmod", DEPMOD), ("dpkg-query", DPKG_QUERY)];
        for (name, script) in tools.into_iter().chain([("dpkg", DPKG), ("rpm", RPM), ("pacman", PACMAN)]) {
            sandbox.tool(name, &script.replace("SERVE", SERVE));
        }
        let kernels = KERNELS.iter().map(|kernel| (*kernel, Kernel::default())).collect();
        Self { sandbox, manager, packages: BTreeMap::new(), kernels }
    }

    /// Whether modules can be built for a kernel. On rpm's systems the link to the headers is the image's.
    pub fn has_headers(&self, kernel: &str) -> bool {
        let Kernel { image, headers } = self.kernels[kernel];
        headers.is_some() && (image || self.manager != Manager::Rpm)
    }

    /// Whether anything of a kernel is there.
    pub fn has_kernel(&self, kernel: &str) -> bool {
        self.kernels[kernel].image || self.has_headers(kernel)
    }

    /// Does it.
    pub fn change(&self, files: &Files) {
        let sandbox = &self.sandbox;
        match files {
            Files::Unpack(name, package) => self.unpack(name, package),
            Files::Delete(name, package) => remove(&sandbox.path(&format!("src/{}", folder(name, package)))),
            Files::Own(name, package, state, count) => {
                sandbox.write(&format!("owners/{}", folder(name, package)), &format!("{state} {count}\n"));
            }
            Files::Disown(name, package) => remove(&sandbox.path(&format!("owners/{}", folder(name, package)))),
            Files::Image(kernel) => {
                for file in ["vmlinuz", "modules.order", "modules.builtin", "kernel/drivers/plain.ko"] {
                    sandbox.write(&format!("lib/modules/{kernel}/{file}"), "of the kernel\n");
                }
                if self.manager == Manager::Rpm {
                    self.link_headers(kernel);
                }
            }
            Files::NoImage(kernel) => self.take_image(kernel),
            Files::Headers(kernel, release) => {
                let folder = format!("headers/{kernel}");
                sandbox.write(&format!("{folder}/include/config/auto.conf"), "CONFIG_MODULES=y\n");
                sandbox.write(&format!("{folder}/Module.symvers"), &format!("headers {release}\n"));
                if self.manager != Manager::Rpm {
                    self.link_headers(kernel);
                }
            }
            Files::NoHeaders(kernel) => {
                remove(&sandbox.path(&format!("headers/{kernel}")));
                if self.manager != Manager::Rpm {
                    self.take(kernel, &["build"]);
                }
            }
            Files::Depmod(kernel) => {
                let words = ["-b", &sandbox.path("").display().to_string(), "-a", kernel].map(str::to_owned);
                let depmod = std::process::Command::new(sandbox.path("bin/depmod")).args(words).status();
                assert!(depmod.unwrap().success());
            }
        }
    }

    /// The new files take the place of the old ones one by one.
    fn unpack(&self, name: &str, package: &Package) {
        let folder = format!("src/{}", folder(name, package));
        let conf = format!(
            "PACKAGE_NAME={name}\nPACKAGE_VERSION={}\nBUILT_MODULE_NAME={name}\nDEST_MODULE_LOCATION=/updates\n\
             STRIP=no\nAUTOINSTALL=yes\nMAKE='make HEADERS=$kernel_source_dir'\n{}",
            package.version,
            if name == "deep" { "BUILD_DEPENDS=plain\n" } else { "" }
        );
        self.sandbox.write(&format!("{folder}/dkms.conf"), &conf);
        self.sandbox.write(&format!("{folder}/{name}.c"), &format!("{}\n", says(name, package)));
        let fail = |kernel: Option<&str>| match kernel {
            Some(kernel) => format!("{folder}/FAIL.{kernel}"),
            None => format!("{folder}/FAIL"),
        };
        for kernel in [None].into_iter().chain(KERNELS.into_iter().map(Some)) {
            remove(&self.sandbox.path(&fail(kernel)));
        }
        match package.fails {
            Fails::Nowhere => {}
            Fails::On(kernel) => self.sandbox.write(&fail(Some(kernel)), ""),
            Fails::Everywhere => self.sandbox.write(&fail(None), ""),
        }
    }

    fn link_headers(&self, kernel: &str) {
        let folder = self.sandbox.path(&format!("lib/modules/{kernel}"));
        fs::create_dir_all(&folder).unwrap();
        if fs::symlink_metadata(folder.join("build")).is_err() {
            symlink(self.sandbox.path(&format!("headers/{kernel}")), folder.join("build")).unwrap();
        }
    }

    /// The image's package takes depmod's lists along.
    fn take_image(&self, kernel: &str) {
        let lists = fs::read_dir(self.sandbox.path(&format!("lib/modules/{kernel}"))).into_iter().flatten().flatten();
        let lists: Vec<String> = lists.map(|entry| entry.file_name().into_string().unwrap()).collect();
        let mut files: Vec<&str> =
            lists.iter().map(String::as_str).filter(|name| name.starts_with("modules.")).collect();
        files.extend(["vmlinuz", "kernel/drivers/plain.ko", "kernel/drivers", "kernel"]);
        if self.manager == Manager::Rpm {
            files.push("build");
        }
        self.take(kernel, &files);
    }

    /// Files go, and their folders when nothing else is in them.
    fn take(&self, kernel: &str, names: &[&str]) {
        let folder = self.sandbox.path(&format!("lib/modules/{kernel}"));
        for name in names {
            let file = folder.join(name);
            if fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_dir()) {
                drop(fs::remove_dir(&file));
            } else {
                remove(&file);
            }
        }
        drop(fs::remove_dir(&folder));
    }

    /// Runs a command line to its end.
    pub fn dkms(&self, line: &str) -> Ran {
        self.sandbox.dkms(line)
    }
}

/// The folder of a source.
pub fn folder(name: &str, package: &Package) -> String {
    format!("{name}-{}", package.version)
}

/// The first line of a source, and of the module that is built from it.
pub fn says(name: &str, package: &Package) -> String {
    format!("{name} {} release {}", package.version, package.release)
}

fn remove(path: &Path) {
    let result = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    assert!(result.is_ok() || !path.exists(), "{}", path.display());
}
