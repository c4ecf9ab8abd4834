//! Packages as the tools that will meet them see them: dpkg-deb, lintian, rpm.

mod binaries;
mod checkouts;
mod dsc;
mod errors;
mod formats;
mod mkconf;
mod progress;
mod properties;
mod repositories;
mod reproducible;
mod spec;
mod templates;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::sandbox::tools::{needs, said, tool};

/// A folder with a module's source in it, and the program.
struct Workshop {
    folder: tempfile::TempDir,
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
        let workshop = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in SOURCE {
            let file = workshop.path("demo-v1.2").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        std::os::unix::fs::symlink("include/demo.h", workshop.path("demo-v1.2/link.h")).unwrap();
        workshop.archive();
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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

    /// The program in this folder, with no environment but PATH.
    fn dkms(&self, words: &[&str]) -> Output {
        self.dkms_in(self.folder.path(), words, &[])
    }

    fn dkms_in(&self, folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dkms"));
        command.args(words).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(environment.iter().copied()).output().unwrap()
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
