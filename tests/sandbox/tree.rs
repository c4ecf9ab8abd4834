//! Trees of other releases, from the descriptions in tests/fixtures/trees: what a line means stands in inside.sh there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{KERNEL, SECOND, Sandbox};

impl Sandbox {
    /// Puts the tree, sources and modules of a description here. What its sources "compile" is made, too.
    pub fn inherit(&self, name: &str) {
        let file = Path::new("tests/fixtures/trees").join(format!("{name}.tree"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let text = self.translated(&text);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((kind, rest)) = line.split_once(' ').filter(|(kind, _)| *kind != "#") else { continue };
            match kind {
                "dir" => fs::create_dir_all(self.path(rest)).expect("a folder"),
                "link" => {
                    let (link, target) = rest.split_once(" -> ").expect("a target");
                    symlink(target, self.with_folders(link)).expect("a link");
                }
                "ko" => self.module(rest),
                "file" => {
                    let mut content = String::new();
                    while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
                        content.push_str(line.get(2..).unwrap_or_default());
                        content.push('\n');
                    }
                    self.write(rest, &content);
                }
                other => panic!("{}: {other}", file.display()),
            }
        }
        for (kernel, name, version) in [(KERNEL, "one", "1.0"), (KERNEL, "two", "2.0"), (SECOND, "one", "1.0")] {
            self.module(&format!("quick/{kernel}/{name}.ko version={version} srcversion={name} vermagic={kernel}"));
        }
    }

    /// With this sandbox's kernels and places.
    fn translated(&self, text: &str) -> String {
        let here = |folder: &str| self.path(folder).display().to_string();
        text.replace("KERNEL", KERNEL)
            .replace("SECOND", SECOND)
            .replace("ARCH", std::env::consts::ARCH)
            .replace("-> /usr/src", &format!("-> {}", here("src")))
            .replace("| /lib/modules", &format!("| {}", here("lib/modules")))
            .replace("/quick", &here("quick"))
            .replace(" var/lib/dkms", " dkms")
            .replace(" usr/src", " src")
    }

    fn with_folders(&self, name: &str) -> PathBuf {
        let file = self.path(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("its folders");
        file
    }

    /// `PATH FIELD=VALUE …`: an object file with this .modinfo.
    fn module(&self, line: &str) {
        let (path, fields) = line.split_once(' ').expect("fields");
        let fields: String = fields.split(' ').map(|field| format!(".asciz \"{field}\"\n")).collect();
        self.write("module.s", &format!(".section .modinfo,\"a\"\n{fields}"));
        let mut assemble = std::process::Command::new("as");
        assemble.arg("-o").arg(self.with_folders(path)).arg(self.path("module.s"));
        assert!(assemble.status().expect("an assembler").success(), "{path}");
    }
}
