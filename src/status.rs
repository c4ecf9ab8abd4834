//! The states of modules as the lines that programs parse, and as JSON.

use regex::Regex;
use serde::Serialize;

use crate::ids::{KernelRelease, ModuleId, Target};
use crate::tree::state::is_usual_release;
use crate::tree::{Build, ModuleEntry};

/// Which rows are wanted. The words are shell globs; an absent one matches everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// `-m` or the operand's first part.
    pub(crate) name: Option<String>,
    /// `-v` or the operand's second part.
    pub(crate) version: Option<String>,
    /// `-k`, each of which repeats the list; empty: every kernel whose folder starts with a digit.
    pub(crate) kernels: Vec<(String, Option<String>)>,
    /// `-a`
    pub(crate) arch: Option<String>,
}

/// What is wrong with a build's files, told behind its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Files {
    #[default]
    Sound,
    /// A module that the package is to build is not in the build's folder.
    BuiltMissing,
    /// An installed file is absent or has other bytes than the built one.
    Different,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// PACKAGE_NAME
    pub(crate) module: String,
    /// PACKAGE_VERSION
    pub(crate) version: String,
    /// The kernel, for rows about a build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kernel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) arch: Option<String>,
    /// added, broken, built, installed, installed-weak
    pub(crate) state: &'static str,
    /// installed-weak: the kernel it was built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) built_for: Option<String>,
    /// Whether modules of the kernel's own were put aside.
    pub(crate) original_exists: bool,
    /// The state of its files.
    pub(crate) files: Files,
    /// Why the build is not signed although its kernel looks at signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unsigned: Option<String>,
    /// For programs: where the files of an installed module are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) paths: Vec<std::path::PathBuf>,
    /// The level of the room that it was built in, where that was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<&'static str>,
}

/// What rows say besides what the tree does.
pub(crate) struct Looks<'a> {
    /// Looks at a build and its files.
    pub(crate) build: &'a dyn Fn(&ModuleEntry, &Build) -> OfBuild,
    /// Whether a version without source serves until its successor can take its place: then it is not broken.
    pub(crate) is_kept: &'a dyn Fn(&ModuleEntry) -> bool,
}

/// What the tree does not say of a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct OfBuild {
    pub(crate) files: Files,
    /// Why it has no signature, if it lacks one.
    pub(crate) unsigned: Option<String>,
    /// In which room it was made.
    pub(crate) room: Option<&'static str>,
}

/// The rows, in the order of a sorted directory walk.
pub(crate) fn rows(modules: &[ModuleEntry], filter: &Filter, looks: &Looks<'_>) -> Vec<Row> {
    let globs = Globs::new(filter);
    let every = [None];
    let kernels: Vec<Option<&(Regex, Option<Regex>)>> =
        if globs.kernels.is_empty() { every.to_vec() } else { globs.kernels.iter().map(Some).collect() };
    let mut rows = Vec::new();
    for kernel in kernels {
        for entry in modules.iter().filter(|entry| globs.wants(entry)) {
            module_rows(&mut rows, entry, kernel, &globs, looks);
        }
    }
    rows
}

fn module_rows(
    rows: &mut Vec<Row>,
    entry: &ModuleEntry,
    kernel: Option<&(Regex, Option<Regex>)>,
    globs: &Globs,
    looks: &Looks<'_>,
) {
    let is_kept = entry.is_broken() && (looks.is_kept)(entry);
    if entry.is_broken() && !is_kept {
        rows.push(Row::of_module(entry, "broken"));
        return;
    }
    let before = rows.len();
    for build in &entry.builds {
        if globs.wants_target(&build.target, kernel) {
            rows.push(Row::of_build(entry, build, (looks.build)(entry, build)));
        }
        for (release, arch) in &build.weak {
            let target = Target::new(release.clone(), arch.clone());
            if globs.wants_target(&target, kernel) {
                rows.push(Row::of_link(entry, &target, &build.target.kernel));
            }
        }
    }
    if rows.len() == before && !is_kept {
        rows.push(Row::of_module(entry, "added"));
    }
}

impl Row {
    /// Whether it is about this module version.
    pub(crate) fn is_of(&self, id: &ModuleId) -> bool {
        self.module == id.name.as_str() && self.version == id.version.as_str()
    }

    /// Whether it is about this module version on this kernel.
    pub(crate) fn is_on(&self, id: &ModuleId, target: &Target) -> bool {
        self.is_of(id) && self.kernel.as_deref() == Some(target.kernel.as_str())
    }

    fn of_module(entry: &ModuleEntry, state: &'static str) -> Self {
        Self {
            module: entry.id.name.to_string(),
            version: entry.id.version.to_string(),
            kernel: None,
            arch: None,
            state,
            built_for: None,
            original_exists: false,
            files: Files::Sound,
            unsigned: None,
            paths: Vec::new(),
            room: None,
        }
    }

    fn of_build(entry: &ModuleEntry, build: &Build, look: OfBuild) -> Self {
        let OfBuild { files, unsigned, room } = look;
        Self {
            kernel: Some(build.target.kernel.to_string()),
            arch: Some(build.target.arch.to_string()),
            original_exists: build.has_original,
            files,
            unsigned,
            room,
            ..Self::of_module(entry, if build.installed { "installed" } else { "built" })
        }
    }

    fn of_link(entry: &ModuleEntry, target: &Target, built_for: &KernelRelease) -> Self {
        Self {
            kernel: Some(target.kernel.to_string()),
            arch: Some(target.arch.to_string()),
            built_for: Some(built_for.to_string()),
            ..Self::of_module(entry, "installed-weak")
        }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { module, version, state, .. } = self;
        match (&self.kernel, &self.arch, &self.built_for) {
            (Some(kernel), Some(arch), Some(built_for)) => {
                write!(f, "{module}, {version}, {kernel}, {arch}: {state} from {built_for}")?;
            }
            (Some(kernel), Some(arch), None) => write!(f, "{module}/{version}, {kernel}, {arch}: {state}")?,
            _ => write!(f, "{module}/{version}: {state}")?,
        }
        if self.original_exists {
            f.write_str(" (Original modules exist)")?;
        }
        match self.files {
            Files::Sound => Ok(()),
            Files::BuiltMissing => f.write_str(" (Built modules are missing in the kernel modules folder)"),
            Files::Different => f.write_str(" (Differences between built and installed modules)"),
        }
    }
}

struct Globs {
    name: Option<Regex>,
    version: Option<Regex>,
    kernels: Vec<(Regex, Option<Regex>)>,
    arch: Option<Regex>,
}

impl Globs {
    fn new(filter: &Filter) -> Self {
        let one = |word: &Option<String>| word.as_deref().and_then(glob);
        let kernel = |(kernel, arch): &(String, Option<String>)| Some((glob(kernel)?, one(arch)));
        Self {
            name: one(&filter.name),
            version: one(&filter.version),
            kernels: filter.kernels.iter().filter_map(kernel).collect(),
            arch: one(&filter.arch),
        }
    }

    fn wants(&self, entry: &ModuleEntry) -> bool {
        matches(&self.name, entry.id.name.as_str()) && matches(&self.version, entry.id.version.as_str())
    }

    fn wants_target(&self, target: &Target, kernel: Option<&(Regex, Option<Regex>)>) -> bool {
        let by_kernel = match kernel {
            None => is_usual_release(&target.kernel),
            Some((kernel, arch)) => kernel.is_match(target.kernel.as_str()) && matches(arch, target.arch.as_str()),
        };
        by_kernel && matches(&self.arch, target.arch.as_str())
    }
}

fn matches(glob: &Option<Regex>, word: &str) -> bool {
    glob.as_ref().is_none_or(|glob| glob.is_match(word))
}

/// A shell glob (`*`, `?`, `[…]`, `[!…]`) as an anchored expression; one that makes no sense is taken literally.
fn glob(word: &str) -> Option<Regex> {
    let mut pattern = String::from("^");
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let class = rest.strip_prefix('[').and_then(|inside| inside.find(']').map(|end| &inside[..end]));
        match (c, class) {
            ('*', _) => pattern.push_str(".*"),
            ('?', _) => pattern.push('.'),
            ('[', Some(class)) if !class.is_empty() => {
                let (not, class) = class.strip_prefix('!').map_or(("", class), |class| ("^", class));
                pattern.push_str(&format!("[{not}{}]", class.replace('\\', "\\\\").replace('[', "\\[")));
                rest = &rest[rest.find(']').unwrap_or(0)..];
            }
            _ => pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
    }
    pattern.push('$');
    Regex::new(&pattern).or_else(|_| Regex::new(&format!("^{}$", regex::escape(word)))).ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::ids::{Arch, ModuleName, ModuleVersion};
    use crate::tree::VersionState;

    fn target(kernel: &str) -> Target {
        Target::new(KernelRelease::new(kernel).expect("a release"), Arch::new("x86_64").expect("an arch"))
    }

    fn entry(name: &str, version: &str, builds: &[(&str, bool)]) -> ModuleEntry {
        let build = |(kernel, installed): &(&str, bool)| Build {
            target: target(kernel),
            stamp: None,
            installed: *installed,
            has_original: kernel.ends_with("orig"),
            weak: Vec::new(),
        };
        ModuleEntry {
            id: ModuleId::new(ModuleName::new(name).expect("a name"), ModuleVersion::new(version).expect("a version")),
            state: VersionState::Added { source: PathBuf::from("/usr/src") },
            builds: builds.iter().map(build).collect(),
        }
    }

    fn lines(modules: &[ModuleEntry], filter: &Filter) -> Vec<String> {
        let looks = Looks { build: &|_, _| OfBuild::default(), is_kept: &|entry| entry.id.version.as_str() == "kept" };
        rows(modules, filter, &looks).iter().map(Row::to_string).collect()
    }

    #[test]
    fn lines_read_as_programs_expect_them() {
        let mut weak = entry("w", "1", &[("5.1", true)]);
        weak.builds[0]
            .weak
            .push((KernelRelease::new("5.2").expect("a release"), Arch::new("x86_64").expect("an arch")));
        let mut broken = entry("x", "1", &[]);
        broken.state = VersionState::Broken { why: "gone".into() };
        let mut kept = entry("y", "kept", &[("5.1", true)]);
        kept.state = broken.state.clone();
        let modules = [
            entry("a", "1.0", &[]),
            entry("b", "2", &[("5.1", false), ("5.2-orig", true), ("odd", true)]),
            weak,
            broken,
            kept,
        ];
        assert_eq!(
            lines(&modules, &Filter::default()),
            [
                "a/1.0: added",
                "b/2, 5.1, x86_64: built",
                "b/2, 5.2-orig, x86_64: installed (Original modules exist)",
                "w/1, 5.1, x86_64: installed",
                "w, 1, 5.2, x86_64: installed-weak from 5.1",
                "x/1: broken",
                "y/kept, 5.1, x86_64: installed",
            ]
        );
    }

    #[test]
    fn each_kernel_repeats_the_list_and_a_module_without_a_build_there_is_added() {
        let modules = [entry("a", "1", &[("5.1", true)])];
        let filter = Filter { kernels: vec![("5.1".into(), None), ("6*".into(), None)], ..Filter::default() };
        assert_eq!(lines(&modules, &filter), ["a/1, 5.1, x86_64: installed", "a/1: added"]);
    }

    #[test]
    fn filters_are_globs() {
        let modules = [entry("foo", "1", &[]), entry("bar", "1", &[])];
        for (name, expected) in [("f*", 1), ("[!f]*", 1), ("?oo", 1), ("f", 0), ("[", 0), ("*", 2), ("f.o", 0)] {
            let filter = Filter { name: Some(name.into()), ..Filter::default() };
            assert_eq!(lines(&modules, &filter).len(), expected, "{name}");
        }
    }
}
