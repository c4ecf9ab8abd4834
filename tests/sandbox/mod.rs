//! A machine below one folder: kernels, sources, a DKMS tree, and tools that only pretend. The real program runs in it.

pub mod tools;
mod tree;

use std::fs;
use std::io::{Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Its first kernel, which has headers.
pub const KERNEL: &str = "6.1.0-1";
/// Its second kernel, which has them too.
pub const SECOND: &str = "6.1.0-2";

/// Makes a module out of every C file, says so, and fails where a file named FAIL lies.
const MAKE: &str = r#"#!/bin/sh
echo "make $*"
[ ! -e FAIL ] || { echo 'x.c:1:1: error: it was told to fail' >&2; exit 2; }
. elf.sh
for source in *.c; do
    [ ! -e "$source" ] || { elf; cat "$source"; } >"${source%.c}.ko"
done
"#;

/// A shell function that begins a module file for the kernel `$kernelver`; anything may follow. 64 bytes of header, 256 of
/// `.modinfo`, 24 of names, three section headers.
fn elf() -> String {
    let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0".to_vec();
    head.extend([0; 16]);
    head.extend(344_u64.to_le_bytes());
    head.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
    let mut tail = b"\0.modinfo\0.shstrtab\0\0\0\0\0".to_vec();
    tail.extend([0; 64]);
    for (name, kind, at, size) in [(1_u32, 1_u32, 64_u64, 256_u64), (10, 3, 320, 20)] {
        tail.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
        tail.extend([0; 16]);
        tail.extend([at.to_le_bytes(), size.to_le_bytes()].concat());
        tail.extend([0; 24]);
    }
    let octal = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:03o}")).collect::<String>();
    format!(
        "elf() {{ printf '{}license=GPL\\000vermagic=%-235s{}' \"${{kernelver-$1}} \"; }}\n",
        octal(&head),
        octal(&tail)
    )
}

const DEPMOD: &str = r#"#!/bin/sh
[ ! -e "$SANDBOX/depmod-fails" ] || exit 1
"#;

/// What follows the head that [`elf`] gives a module file.
pub fn text_of(module: &str) -> &str {
    if module.starts_with("\x7fELF") { module.get(64 + 256 + 24 + 192..).unwrap_or_default() } else { module }
}

/// The machine. It goes when it is dropped.
pub struct Sandbox {
    folder: tempfile::TempDir,
    /// Builds run as the program does, in no room: their tools write where a room lets nobody write.
    roomless: AtomicBool,
}

/// What a run of the program ended with.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Sandbox {
    /// With nothing in it but a folder for temporary files.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sandbox = Self { folder, roomless: AtomicBool::new(false) };
        fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o755)).expect("its mode");
        fs::create_dir(sandbox.path("tmp")).expect("a folder");
        sandbox
    }

    /// With two kernels and tools that pretend.
    pub fn new() -> Self {
        let sandbox = Self::bare();
        for folder in ["dkms", "src"] {
            fs::create_dir(sandbox.path(folder)).expect("a folder");
        }
        for kernel in [KERNEL, SECOND] {
            sandbox.kernel(kernel);
            sandbox.write(&format!("lib/modules/{kernel}/build/include/config/auto.conf"), "CONFIG_MODULES=y\n");
        }
        sandbox.write("bin/elf.sh", &elf());
        sandbox.tool("make", MAKE);
        sandbox.tool("depmod", DEPMOD);
        sandbox
    }

    /// From now on builds get no room, because the pretended make writes down, in the sandbox, what it sees, or ends whoever
    /// started it.
    pub fn without_rooms(&self) {
        self.roomless.store(true, Ordering::Relaxed);
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A kernel without headers.
    pub fn kernel(&self, kernel: &str) {
        self.write(&format!("lib/modules/{kernel}/modules.dep"), "");
    }

    /// A kernel with modules of its own, and without headers.
    pub fn image(&self, kernel: &str) {
        self.kernel(kernel);
        self.write(&format!("lib/modules/{kernel}/modules.order"), "");
    }

    /// What this machine's distribution calls the package with the headers, as the program says when it misses them.
    pub fn headers_package(&self, kernel: &str) -> String {
        let ran = self.dkms(&format!("reconcile --dry-run --json -k {kernel}"));
        let found: serde_json::Value = serde_json::from_str(&ran.out).expect("a document");
        let omissions = found["omissions"].as_array().expect("omissions");
        let on =
            omissions.iter().filter(|omission| omission["code"] == 21).find_map(|omission| omission["on"].as_str());
        on.unwrap_or_else(|| panic!("nothing waits for headers: {found:#}")).to_owned()
    }

    /// A file with its folders.
    pub fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("its folders");
        // Builds and scripts do not find the variable itself.
        fs::write(file, text.replace("$SANDBOX", &self.path("").display().to_string())).expect("a file");
    }

    /// A program that the sandbox's PATH finds first.
    pub fn tool(&self, name: &str, script: &str) {
        self.write(&format!("bin/{name}"), script);
        fs::set_permissions(self.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    /// A source of one module in the source tree; `more` goes to the end of its dkms.conf.
    pub fn source(&self, name: &str, version: &str, more: &str) {
        self.source_in(&format!("src/{name}-{version}"), name, version, more);
    }

    /// The same in another folder.
    pub fn source_in(&self, folder: &str, name: &str, version: &str, more: &str) {
        let conf = format!(
            "PACKAGE_NAME={name}\nPACKAGE_VERSION={version}\nBUILT_MODULE_NAME={name}\n\
             DEST_MODULE_LOCATION=/updates\nSTRIP=no\nAUTOINSTALL=yes\nMAKE=make\n{more}\n"
        );
        self.write(&format!("{folder}/dkms.conf"), &conf);
        self.write(&format!("{folder}/{name}.c"), &format!("{name} {version}\n"));
    }

    /// `dkms` as it would be started here, without words.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dkms"));
        self.set_environment(&mut command);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs `dkms` with these words, split at blanks.
    pub fn dkms(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.words(&words)
    }

    /// Runs `dkms` with these words, split at blanks, on a machine with this framework.conf, which names the sandbox's
    /// places besides. For what takes no options that say where things are. Needs root: the sandbox's etc lies over /etc, and
    /// its boot, if it has one, over /boot, in a mount namespace of its own.
    pub fn with_settings(&self, settings: &str, line: &str) -> Ran {
        self.with_settings_and(settings, &[], line)
    }

    /// The same with these variables in the environment.
    pub fn with_settings_and(&self, settings: &str, variables: &[(&str, &str)], line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run_with_settings(settings, variables, env!("CARGO_BIN_EXE_dkms").as_ref(), &words)
    }

    /// The same of another program, without words.
    pub fn program_with_settings(&self, settings: &str, variables: &[(&str, &str)], program: &Path) -> Ran {
        self.run_with_settings(settings, variables, program, &[])
    }

    fn run_with_settings(&self, settings: &str, variables: &[(&str, &str)], program: &Path, words: &[&str]) -> Ran {
        let places = [("dkms_tree", "dkms"), ("source_tree", "src"), ("install_tree", "lib/modules")];
        let places = places.map(|(name, folder)| format!("{name}={}\n", self.path(folder).display())).concat();
        self.write("etc/dkms/framework.conf", &(places + settings));
        self.write("etc/os-release", "ID=debian\nVERSION_ID=12\n");
        let mut command = Command::new("unshare");
        let script = "for folder in etc boot; do
            [ ! -d \"$SANDBOX/$folder\" ] || mount --bind \"$SANDBOX/$folder\" \"/$folder\" || exit
        done
        exec \"$0\" \"$@\"";
        command.args(["--mount", "sh", "-c", script]).arg(program).args(words);
        self.set_environment(&mut command);
        self.finish(command.envs(variables.iter().copied()))
    }

    /// Runs `dkms` with these words as nobody in particular.
    pub fn dkms_as_nobody(&self, line: &str) -> Ran {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_dkms")]);
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run(command, &words)
    }

    /// Runs `dkms` with these words.
    pub fn words(&self, words: &[&str]) -> Ran {
        self.run(Command::new(env!("CARGO_BIN_EXE_dkms")), words)
    }

    /// Runs `dkms` with a variable in its environment.
    pub fn with(&self, name: &str, value: &str, line: &str) -> Ran {
        let mut command = Command::new("env");
        command.arg(format!("{name}={value}")).arg(env!("CARGO_BIN_EXE_dkms"));
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run(command, &words)
    }

    /// Runs `dkms` with these words as the last words of another program's command line (none: by itself).
    pub fn through(&self, wrapper: &[String], words: &[&str]) -> Ran {
        self.run(wrapped(wrapper, env!("CARGO_BIN_EXE_dkms").as_ref()), words)
    }

    /// Runs `dkms event` with these words, a variable (NAME=VALUE) and these lines on standard input.
    pub fn event(&self, wrapper: &[String], words: &str, variable: Option<&str>, input: &[String]) -> Ran {
        let mut command = wrapped(wrapper, env!("CARGO_BIN_EXE_dkms").as_ref());
        command.arg("event").args(self.places()).args(words.split(' '));
        self.set_environment(&mut command);
        command.envs(variable.and_then(|variable| variable.split_once('=')));
        let mut file = tempfile::tempfile().expect("a file");
        input.iter().for_each(|line| writeln!(file, "{line}").expect("a line"));
        file.rewind().expect("its beginning");
        self.finish(command.stdin(file))
    }

    /// Runs `dkms` with these words and variables, and without the options that name the sandbox's places.
    pub fn plain(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new("env");
        command.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
        self.set_environment(&mut command);
        command.arg(env!("CARGO_BIN_EXE_dkms")).args(line.split_whitespace());
        self.finish(&mut command)
    }

    /// Starts `dkms` with these words and does not wait for it; what it says goes into the file `said`.
    pub fn start(&self, line: &str) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dkms"));
        command.args(line.split_whitespace()).args(self.places());
        self.set_environment(&mut command);
        let said = fs::File::create(self.path("said")).expect("a file");
        command.stdout(said.try_clone().expect("the same")).stderr(said).stdin(std::process::Stdio::null());
        command.current_dir(self.folder.path()).spawn().expect("dkms can be started")
    }

    /// The options that name its places.
    pub fn places(&self) -> [String; 3] {
        let places = [("--dkmstree", "dkms"), ("--sourcetree", "src"), ("--installtree", "lib/modules")];
        places.map(|(option, name)| format!("{option}={}", self.path(name).display()))
    }

    fn run(&self, mut command: Command, words: &[&str]) -> Ran {
        command.args(words).args(self.places());
        self.set_environment(&mut command);
        self.finish(&mut command)
    }

    /// All that a program finds in its environment.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        let text = |path: PathBuf| path.display().to_string();
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", text(self.path("bin")));
        let room = if self.roomless.load(Ordering::Relaxed) { "none" } else { "auto" };
        let folder = self.folder.path().display().to_string();
        [("PATH", path), ("SANDBOX", folder), ("TMPDIR", text(self.path("tmp"))), ("DKMS_ROOM", room.to_owned())]
    }

    fn set_environment(&self, command: &mut Command) {
        command.env_clear().envs(self.environment());
    }

    fn finish(&self, command: &mut Command) -> Ran {
        let output = command.current_dir(self.folder.path()).output().expect("dkms can be started");
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(&self.folder.path().display().to_string(), "").replace(std::env::consts::ARCH, "ARCH")
        };
        // Commands in hints have the options that were given: those of every run are no news.
        let places = " --dkmstree /dkms --sourcetree /src --installtree /lib/modules";
        let err = text(&output.stderr).replace(places, "");
        Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err }
    }

    /// Runs it and wants success.
    pub fn ok(&self, line: &str) -> Ran {
        let ran = self.dkms(line);
        assert_eq!(ran.code, 0, "dkms {line}: {ran:#?}");
        ran
    }

    /// The lines of `dkms status`.
    pub fn status(&self) -> Vec<String> {
        self.ok("status").out.lines().map(str::to_owned).collect()
    }

    /// Every file below a folder, sorted, without the folder's own name.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let top = self.path(folder);
        let mut found = Vec::new();
        walk(&top, &top, &mut found);
        found.sort();
        found
    }
}

fn wrapped(wrapper: &[String], program: &Path) -> Command {
    match wrapper.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn walk(top: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(top, &entry.path(), found);
        } else {
            found.push(entry.path().strip_prefix(top).expect("a path below").display().to_string());
        }
    }
}
