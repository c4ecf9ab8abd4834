//! The rules by which evaluated directives become a [`ModuleConf`]: what is required, what is the default, what is
//! wrong. Every problem is found, not only the first.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Component, Path, PathBuf};

use super::exclusive::{self, Asked};
use super::module::{BuiltModule, Directives, MakeCommand, ModuleConf, Scripts};
use super::{directive, ere};
use crate::ids::{ModuleName, ModuleVersion};

/// More modules than this are a slip of an index, not a package.
const MAX_MODULES: usize = 1000;

/// What the rules make of directives.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The module's configuration; None when there are problems.
    pub(crate) conf: Option<ModuleConf>,
    /// What makes the directives unusable, one sentence each.
    pub(crate) problems: Vec<String>,
    /// Built paths and destination names that occur twice: problems for add, build and install only.
    pub(crate) duplicates: Vec<String>,
    /// Deprecated or odd things, one sentence each.
    pub(crate) notices: Vec<String>,
}

/// Applies the rules. Without a kernel, only what holds for every kernel is chosen, and nothing is excluded.
pub(crate) fn check(directives: &Directives, asked: Option<Asked<'_>>) -> Checked {
    let mut rules = Rules { directives, asked, problems: Vec::new(), notices: Vec::new() };
    rules.history();
    let name = rules.required("PACKAGE_NAME", |word| ModuleName::new(word));
    let version = rules.required("PACKAGE_VERSION", |word| ModuleVersion::new(word));
    let modules = rules.modules(name.as_ref());
    let duplicates = duplicates(&modules);
    let excluded = rules.package_exclusion(&modules);
    let (autoinstall, build_depends) = (rules.yes_or_no("AUTOINSTALL"), rules.build_depends());
    let (build_depends_rebuild, no_weak_modules) =
        (rules.yes_or_no("BUILD_DEPENDS_REBUILD"), rules.yes_or_no("NO_WEAK_MODULES"));
    let (make, patches) = (rules.make(), rules.patches());
    let (scripts, obsolete_by) = (rules.scripts(), rules.text("OBSOLETE_BY"));
    let Rules { problems, notices, .. } = rules;
    let conf = name.zip(version).filter(|_| problems.is_empty()).map(|(name, version)| ModuleConf {
        name,
        version,
        modules,
        make,
        patches,
        autoinstall,
        build_depends,
        build_depends_rebuild,
        obsolete_by,
        scripts,
        no_weak_modules,
        excluded,
    });
    Checked { conf, problems, duplicates, notices }
}

struct Rules<'a> {
    directives: &'a Directives,
    asked: Option<Asked<'a>>,
    problems: Vec<String>,
    notices: Vec<String>,
}

impl<'a> Rules<'a> {
    /// The value at an index; an empty one counts as unset.
    fn value(&self, name: &str, index: usize) -> Option<&'a str> {
        self.directives.get(name)?.get(&index).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name, 0).map(str::to_owned)
    }

    /// The indices at which an array is set to something, and its values.
    fn array(&self, name: &str) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        let values = self.directives.get(name).into_iter().flatten();
        values.filter(|(_, value)| !value.is_empty()).map(|(index, value)| (*index, value.as_str()))
    }

    fn required<T, E: Display>(&mut self, name: &str, make: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        match self.value(name, 0).map(make) {
            Some(Ok(made)) => return Some(made),
            Some(Err(error)) => self.problems.push(format!("{name} cannot be used: {error}")),
            None => self.problems.push(format!("{name} is missing")),
        }
        None
    }

    /// A directive that is off when unset.
    fn yes_or_no(&mut self, name: &str) -> bool {
        let value = self.value(name, 0).unwrap_or("no");
        match value.to_ascii_lowercase().as_str() {
            "y" | "yes" => true,
            "n" | "no" => false,
            _ => {
                self.problems.push(format!("{name} is `{value}`; it must be yes or no"));
                false
            }
        }
    }

    /// Notices for directives that do nothing any more or are misspelt.
    fn history(&mut self) {
        for name in directive::OBSOLETE.iter().filter(|name| self.directives.contains_key(**name)) {
            self.notices.push(format!("{name} is obsolete and does nothing"));
        }
        for (typo, meant) in directive::TYPOS.iter().filter(|(typo, _)| self.directives.contains_key(*typo)) {
            self.notices.push(format!("{typo} is not a directive and is ignored; {meant} may be meant"));
        }
        if self.value("OBSOLETE_BY", 0).is_some() {
            self.notices.push("OBSOLETE_BY is deprecated; use BUILD_EXCLUSIVE_KERNEL_MAX".to_owned());
        }
    }

    fn modules(&mut self, package: Option<&ModuleName>) -> Vec<BuiltModule> {
        let indices = directive::PER_MODULE.iter().filter_map(|name| self.directives.get(*name));
        let Some(highest) = indices.flat_map(|values| values.keys()).max().copied() else {
            self.notices.push("it names no module: make runs, and nothing is installed".to_owned());
            return Vec::new();
        };
        if highest >= MAX_MODULES {
            self.problems.push(format!("the index {highest} is too high; at most {MAX_MODULES} modules are possible"));
            return Vec::new();
        }
        (0..=highest).filter_map(|index| self.module(index, highest == 0, package)).collect()
    }

    /// One module; what is missing or wrong in it becomes problems.
    fn module(&mut self, index: usize, only: bool, package: Option<&ModuleName>) -> Option<BuiltModule> {
        let name = self.value("BUILT_MODULE_NAME", index);
        let name = name.or_else(|| package.filter(|_| only).map(ModuleName::as_str));
        if name.is_none() && !only {
            self.problems.push(format!("BUILT_MODULE_NAME[{index}] is missing; several modules need a name each"));
        }
        let dest = self.value("DEST_MODULE_NAME", index).or(name);
        self.check_names(index, name, dest);
        let location = self.value("BUILT_MODULE_LOCATION", index).unwrap_or_default();
        let built_location = self.inside("BUILT_MODULE_LOCATION", index, location);
        let dest_location = self.destination(index);
        let strip = self.strip(index);
        Some(BuiltModule {
            built_name: name?.to_owned(),
            built_location: built_location?,
            dest_name: dest?.to_owned(),
            dest_location: dest_location?,
            strip,
            excluded: self
                .asked
                .filter(|_| index > 0)
                .and_then(|asked| exclusive::reason(self.directives, index, asked)),
        })
    }

    fn check_names(&mut self, index: usize, built: Option<&str>, dest: Option<&str>) {
        let explicit = self.value("DEST_MODULE_NAME", index).is_some();
        for (directive, name) in [("BUILT_MODULE_NAME", built), ("DEST_MODULE_NAME", dest.filter(|_| explicit))] {
            let Some(name) = name else { continue };
            if name.ends_with(".o") || name.ends_with(".ko") {
                self.problems.push(format!("{directive}[{index}] is `{name}`; it must not end in .o or .ko"));
            }
            // A shell that reads it would make something else of it; so did the original, which is one.
            let is_odd = |c: char| c.is_whitespace() || c.is_control() || "/;&|<>()$`\"'\\*?[]{}#!~".contains(c);
            if let Some(odd) = name.chars().find(|c| is_odd(*c)) {
                let wanted = format!("it must be a plain file name, without {odd:?}");
                self.problems.push(format!("{directive}[{index}] is `{name}`; {wanted}"));
            }
        }
    }

    fn destination(&mut self, index: usize) -> Option<String> {
        let Some(location) = self.value("DEST_MODULE_LOCATION", index) else {
            self.problems.push(format!("DEST_MODULE_LOCATION[{index}] is missing"));
            return None;
        };
        if !["/kernel", "/updates", "/extra"].iter().any(|start| location.starts_with(start)) {
            let wanted = "it must begin with /kernel, /updates or /extra";
            self.problems.push(format!("DEST_MODULE_LOCATION[{index}] is `{location}`; {wanted}"));
            return None;
        }
        self.inside("DEST_MODULE_LOCATION", index, location)?;
        Some(location.to_owned())
    }

    /// The relative form of a path that must not lead out of the folder it is joined to.
    fn inside(&mut self, name: &str, index: usize, path: &str) -> Option<PathBuf> {
        let relative: PathBuf = Path::new(path).components().filter(|part| *part != Component::RootDir).collect();
        let mut depth = 0_i32;
        for part in relative.components() {
            depth += match part {
                Component::Normal(_) => 1,
                Component::ParentDir => -1,
                _ => 0,
            };
            if depth < 0 {
                self.problems.push(format!("{name}[{index}] is `{path}`; it must not lead out of its folder"));
                return None;
            }
        }
        Some(relative)
    }

    fn strip(&mut self, index: usize) -> bool {
        let value = self.value("STRIP", index).or_else(|| self.value("STRIP", 0)).unwrap_or("yes");
        match value.chars().next() {
            Some('n' | 'N') => false,
            Some('y' | 'Y') => true,
            _ => {
                self.problems.push(format!("STRIP[{index}] is `{value}`; it must be yes or no"));
                true
            }
        }
    }

    /// The last MAKE whose MAKE_MATCH is found in the kernel release; MAKE[0] serves when there is none.
    fn make(&mut self) -> MakeCommand {
        let commands: Vec<_> = self.array("MAKE").collect();
        let mut chosen = None;
        for (index, command) in commands {
            let wanted = self.value("MAKE_MATCH", index);
            if index == 0 || wanted.is_some_and(|wanted| self.matches_kernel("MAKE_MATCH", index, wanted)) {
                chosen = Some(command);
            } else if wanted.is_none() {
                self.notices.push(format!("MAKE[{index}] has no MAKE_MATCH[{index}] and is ignored"));
            }
        }
        chosen.map_or(MakeCommand::Default, |command| MakeCommand::Given(command.to_owned()))
    }

    fn patches(&mut self) -> Vec<String> {
        let patches: Vec<_> = self.array("PATCH").collect();
        let mut chosen = Vec::new();
        for (index, patch) in patches {
            let wanted = self.value("PATCH_MATCH", index);
            if wanted.is_none_or(|wanted| self.matches_kernel("PATCH_MATCH", index, wanted)) {
                chosen.push(patch.to_owned());
            }
        }
        chosen
    }

    fn matches_kernel(&mut self, name: &str, index: usize, wanted: &str) -> bool {
        match ere::compile(wanted) {
            Ok(expression) => self.asked.is_some_and(|asked| expression.is_match(asked.target.kernel.as_str())),
            Err(error) => {
                self.notices.push(format!("{name}[{index}] matches no kernel: {error}"));
                false
            }
        }
    }

    fn build_depends(&mut self) -> Vec<ModuleName> {
        let words: Vec<&str> = self.array("BUILD_DEPENDS").flat_map(|(_, value)| value.split_whitespace()).collect();
        let mut names = Vec::new();
        for word in words {
            match ModuleName::new(word) {
                Ok(name) if names.contains(&name) => {}
                Ok(name) => names.push(name),
                Err(error) => self.problems.push(format!("BUILD_DEPENDS names no module: {error}")),
            }
        }
        names
    }

    fn scripts(&self) -> Scripts {
        Scripts {
            pre_build: self.text("PRE_BUILD"),
            post_build: self.text("POST_BUILD"),
            post_add: self.text("POST_ADD"),
            pre_install: self.text("PRE_INSTALL"),
            post_install: self.text("POST_INSTALL"),
            post_remove: self.text("POST_REMOVE"),
        }
    }

    /// What excludes the package: its own directives at index 0, or all of its modules being excluded.
    fn package_exclusion(&mut self, modules: &[BuiltModule]) -> Option<String> {
        for name in ["BUILD_EXCLUSIVE_KERNEL", "BUILD_EXCLUSIVE_ARCH"] {
            for (index, wanted) in self.array(name) {
                if let Err(error) = ere::compile(wanted) {
                    self.notices.push(format!("{name}[{index}] matches nothing: {error}"));
                }
            }
        }
        let asked = self.asked?;
        if self.value("build_exclude", 0) == Some("yes") {
            return Some("the file sets build_exclude=yes for this kernel".to_owned());
        }
        exclusive::reason(self.directives, 0, asked).or_else(|| {
            let reasons: Vec<_> = modules.iter().filter_map(|module| module.excluded.as_deref()).collect();
            (!modules.is_empty() && reasons.len() == modules.len()).then(|| reasons.join("; "))
        })
    }
}

fn duplicates(modules: &[BuiltModule]) -> Vec<String> {
    let (mut built, mut dest) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for (index, module) in modules.iter().enumerate() {
        let path = module.built_location.join(&module.built_name);
        if !built.insert(path.clone()) {
            found.push(format!("BUILT_MODULE_NAME[{index}] names {} once more", path.display()));
        }
        if !dest.insert(&module.dest_name) {
            found.push(format!("DEST_MODULE_NAME[{index}] is {} once more", module.dest_name));
        }
    }
    found
}

#[cfg(test)]
mod tests;
