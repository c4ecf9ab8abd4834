//! Packages as the tools that will meet them see them: dpkg-deb, lintian, rpm.

mod authors;
mod binaries;
mod checkouts;
mod dsc;
mod errors;
mod formats;
mod mkconf;
mod progress;
mod properties;
mod recipes;
mod repositories;
mod reproducible;
mod spec;
mod templates;

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::sandbox::Sandbox;
use crate::sandbox::tools::{needs, said, tool};

/// A sandbox without kernels, with a module's source in it as folder and as archive.
struct Workshop {
    sandbox: Sandbox,
}

const SOURCE: &[(&str, &str)] = &[
    (
        "dkms.conf",
        "PACKAGE_NAME=\"Demo_x\"\nPACKAGE_VERSION=\"#MODULE_VERSION#\"\nBUILT_MODULE_NAME[0]=demo\n\
         DEST_MODULE_LOCATION[0]=/extra\nAUTOINSTALL=yes\n",
    ),
    ("Makefile", "obj-m := demo.o\n"),
    (
        "demo.c",
        "// SPDX-License-Identifier: GPL-2.0\n/* Copyright (C) 2020 A Writer */\n#include <linux/module.h>\n\
         MODULE_DESCRIPTION(\"Demonstration of a module\");\nMODULE_LICENSE(\"GPL\");\n\
         MODULE_AUTHOR(\"A Writer <writer@example.org>\");\n",
    ),
    ("include/demo.h", "/* SPDX-License-Identifier: GPL-2.0 */\n"),
    ("demo.o", "built"),
    (".gitignore", "*.o\n"),
];

impl Workshop {
    fn new() -> Self {
        let workshop = Self { sandbox: Sandbox::bare() };
        for (name, text) in SOURCE {
            workshop.sandbox.write(&format!("demo-v1.2/{name}"), text);
        }
        std::os::unix::fs::symlink("include/demo.h", workshop.path("demo-v1.2/link.h")).unwrap();
        workshop.archive();
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    /// demo-v1.2.tar.gz, of the folder, with a fixed time.
    fn archive(&self) {
        let file = std::fs::File::create(self.path("demo-v1.2.tar.gz")).unwrap();
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
        tar.follow_symlinks(false);
        tar.mode(tar::HeaderMode::Deterministic);
        tar.append_dir_all("demo-v1.2", self.path("demo-v1.2")).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
    }

    /// Runs the program in this folder.
    fn dkms(&self, words: &[&str]) -> Output {
        self.dkms_in(&self.path(""), words, &[])
    }

    fn dkms_in(&self, folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut program = self.sandbox.program();
        program.args(words).current_dir(folder).envs(environment.iter().copied()).output().unwrap()
    }

    /// Makes a package and gives its path.
    fn package(&self, verb: &str, words: &[&str], name: &str) -> PathBuf {
        let made = self.dkms(&[&[verb, "demo-v1.2.tar.gz"], words].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let file = self.path(name);
        assert!(file.is_file(), "{}", String::from_utf8_lossy(&made.stdout));
        file
    }
}

const DEB: &str = "demo-x-dkms_1.2-1_all.deb";
const RPM: &str = "Demo_x-dkms-1.2-1.noarch.rpm";
