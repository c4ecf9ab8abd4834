//! Installs and uninstalls in a temporary install tree, with a depmod that can be told to fail.

mod condition;
mod crash;
mod depmod;
mod installing;
mod uninstalling;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::action::run;
use crate::action::sample::{self, KERNEL, id, target};
use crate::conf::Framework;
use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName};
use crate::step::{Operation, Outcome, Plan, Switch};
use crate::sys::run::HostRunner;
use crate::sys::{Command, Finished, RunError, Runner, System};

/// The tools of the administrator, played; everything else runs for real.
#[derive(Default)]
struct Tools {
    called: Mutex<Vec<String>>,
    /// depmod fails while a file below the kernel's folder holds this text.
    guilty: Option<&'static str>,
    /// What kmod says of itself.
    kmod: &'static str,
}

impl Runner for Tools {
    fn run(&self, command: &Command) -> Result<Finished, RunError> {
        let name = Path::new(command.program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "kmod" {
            return Ok(Finished { code: Some(0), stdout: self.kmod.into(), ..Finished::default() });
        }
        if !["depmod", "modprobe"].contains(&name.as_str()) {
            return HostRunner.run(command);
        }
        let words: Vec<_> = command.arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect();
        self.called.lock().unwrap().push(format!("{name} {}", words.last().unwrap()));
        let kernel = Path::new(&words[1]).join("lib/modules").join(words.last().unwrap());
        let modules: BTreeMap<_, _> = contents(&kernel).into_iter().filter(|(name, _)| name.contains(".ko")).collect();
        let is_guilty = |text: &String| self.guilty.is_some_and(|guilty| text.contains(guilty));
        let code = i32::from(name == "depmod" && modules.values().any(is_guilty));
        let lists: String = modules.keys().map(|file| format!("{file}:\n")).collect();
        fs_err::write(kernel.join("modules.dep"), lists).unwrap();
        Ok(Finished { code: Some(code), ..Finished::default() })
    }
}

/// Every file below a folder with its content as text (its target, for a symlink), sorted.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    fn walk(top: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
            if let Ok(link) = fs_err::read_link(&path) {
                found.insert(name, format!("-> {}", link.display()));
            } else if path.is_dir() {
                walk(top, &path, found);
            } else {
                found.insert(name, String::from_utf8_lossy(&fs_err::read(&path).unwrap()).into_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// A site with one kernel.
struct Site {
    base: sample::Site,
    tools: Arc<Tools>,
}

impl Deref for Site {
    type Target = sample::Site;

    fn deref(&self) -> &sample::Site {
        &self.base
    }
}

impl DerefMut for Site {
    fn deref_mut(&mut self) -> &mut sample::Site {
        &mut self.base
    }
}

impl Site {
    fn new() -> Self {
        let site = Self::over(sample::Site::new());
        fs_err::create_dir_all(site.folder.join("lib/modules").join(KERNEL).join("kernel/drivers")).unwrap();
        site.kernel_file("modules.dep", b"");
        site.kernel_file("modules.builtin", b"kernel/builtin.ko\n");
        site
    }

    fn open(folder: PathBuf) -> Self {
        Self::over(sample::Site::open(folder))
    }

    /// The same site as a dkms sees it that a hook script calls.
    fn beside(site: &Site) -> Self {
        Self::over(sample::Site::beside(site))
    }

    fn over(mut base: sample::Site) -> Self {
        let tools = Arc::new(Tools::default());
        let mut environment: BTreeMap<_, _> = std::env::vars_os().collect();
        environment.insert("ADDON_MODULES_DIR".into(), "updates/dkms".into());
        base.system = System::host().with_environment(environment).with_runner(tools.clone());
        (base.framework, _) = Framework::read(&base.system.clone().with_root(&base.folder));
        Self { base, tools }
    }

    fn with(mut self, switch: Switch) -> Self {
        self.policy.switches.insert(switch);
        self
    }

    fn depmod_fails_on(self, guilty: &'static str) -> Self {
        self.with_tools(Tools { guilty: Some(guilty), ..Tools::default() })
    }

    fn with_tools(mut self, tools: Tools) -> Self {
        self.tools = Arc::new(tools);
        self.base.system = self.base.system.clone().with_runner(self.tools.clone());
        self
    }

    /// Registers NAME/VERSION with these further lines in its dkms.conf, and these built modules (name, version).
    fn built(&self, name: &str, version: &str, conf: &str, modules: &[(&str, &str)]) -> ModuleId {
        let id = id(name, version);
        let source = self.tree.layout().source(&id);
        fs_err::create_dir_all(&source).unwrap();
        let mut text = format!("PACKAGE_NAME={name}\nPACKAGE_VERSION={version}\n{conf}\n");
        let folder = self.tree.layout().built_modules(&id, &target());
        fs_err::create_dir_all(&folder).unwrap();
        for (index, (module, module_version)) in modules.iter().enumerate() {
            let (plain, _) = module.split_once('.').unwrap_or((module, ""));
            text += &format!("BUILT_MODULE_NAME[{index}]={plain}\nDEST_MODULE_LOCATION[{index}]=/extra\n");
            let file = if module.contains('.') { (*module).to_owned() } else { format!("{module}.ko") };
            fs_err::write(folder.join(file), ko(module_version, &format!("{name}-{version}-{plain}"))).unwrap();
        }
        fs_err::write(source.join("dkms.conf"), text).unwrap();
        self.lock.writer().register(&id).unwrap();
        id
    }

    fn script(&self, id: &ModuleId, name: &str, text: &str) {
        self.script_of(id, name, text);
    }

    /// A file below the kernel's folder.
    fn kernel_file(&self, name: &str, content: &[u8]) -> PathBuf {
        let file = self.folder.join("lib/modules").join(KERNEL).join(name);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, content).unwrap();
        file
    }

    /// Runs these operations one after the other.
    fn run(&self, operations: &[(Operation, &ModuleId)]) -> Vec<Outcome> {
        let mut plan = Plan::default();
        for (operation, id) in operations {
            plan.push((*id).clone(), Some(target()), operation.clone(), "", vec![]);
        }
        self.carry_out(&plan)
    }

    fn carry_out(&self, plan: &Plan) -> Vec<Outcome> {
        run(plan, &self.context()).into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn install(&self, id: &ModuleId) -> Result<(), Error> {
        result(self.run(&[(Operation::Install, id)]).remove(0))
    }

    fn uninstall(&self, id: &ModuleId) -> Result<(), Error> {
        result(self.run(&[(Operation::Uninstall, id)]).remove(0))
    }

    /// The module files under the kernel, each with the word that tells it.
    fn modules(&self) -> Vec<String> {
        let files = contents(&self.folder.join("lib/modules").join(KERNEL));
        let line = |(name, text): (String, String)| format!("{name}: {}", told(&text));
        files.into_iter().filter(|(name, _)| !name.starts_with("modules.")).map(line).collect()
    }

    fn active(&self, name: &str) -> Option<String> {
        self.tree.active(&ModuleName::new(name).unwrap(), &target()).map(|version| version.to_string())
    }

    fn called(&self) -> Vec<String> {
        self.tools.called.lock().unwrap().clone()
    }

    /// The notes of changes under way.
    fn intents(&self) -> usize {
        crate::tree::intent::all(self.tree.layout()).unwrap().len()
    }
}

fn result(outcome: Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Failed(error) | Outcome::Refused(error) => Err(error),
        Outcome::Skipped { because } => panic!("skipped because of {because:?}"),
    }
}

/// A module file with a MODULE_VERSION (unless empty) and a word that tells it from others.
fn ko(version: &str, word: &str) -> Vec<u8> {
    let version = if version.is_empty() { String::new() } else { format!("version={version}\0") };
    let modinfo = format!("{version}srcversion={word}\0vermagic={KERNEL} \0word=<{word}>\0");
    let names = b"\0.modinfo\0.shstrtab\0";
    let (data_at, names_at) = (64, 64 + modinfo.len());
    let headers_at = (names_at + names.len()).next_multiple_of(8);
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0".to_vec();
    file.extend([0; 16]);
    file.extend((headers_at as u64).to_le_bytes());
    file.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
    file.extend(modinfo.as_bytes());
    file.extend(names);
    file.resize(headers_at + 64, 0);
    for (name, kind, at, size) in [(1u32, 1u32, data_at, modinfo.len()), (10, 3, names_at, names.len())] {
        file.extend(name.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend([0; 16]);
        file.extend((at as u64).to_le_bytes());
        file.extend((size as u64).to_le_bytes());
        file.extend([0; 24]);
    }
    file
}

/// The word of a module made by [`ko`], or the text itself.
fn told(text: &str) -> &str {
    text.split_once("word=<").and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(word, _)| word)
}
