//! The modules of a dkms.conf beside those that the makefiles build. What a kernel, a command or a script decides is not told.

use std::collections::BTreeSet;

use super::finding::{Found, Subject};
use super::make::MakeLine;
use super::text::{has_script, statements};
use crate::conf;
use crate::package::kbuild::{Module, Place};
use crate::package::module::placeholder;

/// Words in a dkms.conf that stand for the kernel.
const KERNEL: [&str; 8] =
    ["kernelver", "kernel_source_dir", "kernelver_array", "uname", "arch", "lib/modules", "VER", "kernel_version"];
/// Directives that may speak of the kernel without changing which modules there are.
const APART: [&str; 10] = [
    "MAKE",
    "CLEAN",
    "PRE_",
    "POST_",
    "MAKE_MATCH",
    "BUILD_EXCLUSIVE",
    "PATCH",
    "DEST_MODULE_LOCATION",
    "STRIP",
    "BUILD_DEPENDS",
];

/// Whether the list of modules is another one for another kernel, as far as the text shows: a condition, a loop or a
/// directive of a module names the kernel, or a variable that was made from it.
pub(super) fn depends_on_kernel(text: &str) -> bool {
    let mut tainted: BTreeSet<&str> = KERNEL.into_iter().collect();
    for (_, line) in statements(text) {
        let line = line.trim();
        let speaks = words(line).any(|word| tainted.contains(word)) || line.contains("lib/modules");
        if !speaks {
            continue;
        }
        let name = line.split(['=', '[', '+', ' ']).next().unwrap_or_default();
        let is_assignment = line[name.len()..].starts_with(['=', '[', '+']);
        if !is_assignment
            || line.contains("&&")
            || line.contains("||")
            || name.starts_with("BUILT_")
            || name.starts_with("DEST_MODULE_NAME")
        {
            return true;
        }
        if !APART.iter().any(|start| name.starts_with(start)) {
            tainted.insert(name);
        }
    }
    false
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Modules of the dkms.conf: their index and path in the source.
fn listed(subject: &Subject<'_>) -> Option<Vec<(usize, String)>> {
    let known = subject.known().filter(|known| known.unknown.is_empty() && !depends_on_kernel(subject.text))?;
    let modules = &known.conf.as_ref()?.modules;
    // A template: what it is filled with is not known.
    if modules.iter().any(|module| placeholder::find(&module.built_name).is_some()) {
        return None;
    }
    let path = |module: &conf::BuiltModule| plain(&module.built_location.join(&module.built_name).to_string_lossy());
    Some(modules.iter().map(path).enumerate().collect())
}

/// A path without `.` and empty parts.
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

fn path(module: &Module) -> String {
    if module.folder.is_empty() { module.name.clone() } else { format!("{}/{}", module.folder, module.name) }
}

/// What the makefiles build, where that is known: all of them were followed, and MAKE calls them and no script of its own.
fn built<'s>(subject: &'s Subject<'_>) -> Option<(&'s [Module], MakeLine)> {
    let (_, facts) = subject.source?;
    let make = MakeLine::of(subject)?;
    let reading = &facts.reading;
    let is_known = reading.lost.is_empty() && !reading.modules.is_empty() && !has_script(subject);
    is_known.then_some((reading.modules.as_slice(), make))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn not_built(subject: &Subject<'_>) -> Vec<Found> {
    let (Some(listed), Some((built, _))) = (listed(subject), built(subject)) else { return Vec::new() };
    let texts = || subject.source.iter().flat_map(|(_, facts)| facts.makefiles.values());
    // A recipe that copies what is built, or a mention that was not understood, says that somebody knows better.
    let moves = texts().any(|text| {
        text.lines().any(|line| {
            line.contains(".ko") && ["cp ", "mv ", "ln ", "install "].iter().any(|word| line.contains(word))
        })
    });
    let is_mentioned = |name: &str| {
        let forms = [format!("{name}.o"), format!("{name}.ko"), format!("{name}-y"), format!("{name}-objs")];
        texts().any(|text| forms.iter().any(|form| text.contains(form.as_str())))
    };
    let missing = listed.into_iter().filter(|(_, wanted)| {
        let same: Vec<&Module> = built.iter().filter(|module| module.name == base(wanted)).collect();
        if same.is_empty() {
            return !is_mentioned(base(wanted));
        }
        !moves && !same.iter().any(|module| path(module) == *wanted)
    });
    missing
        .map(|(index, path)| {
            subject.located(&format!("BUILT_MODULE_NAME[{index}] is {path}, which no makefile of the source builds"))
        })
        .collect()
}

pub(super) fn not_listed(subject: &Subject<'_>) -> Vec<Found> {
    let Some(listed) = listed(subject).filter(|listed| !listed.is_empty()) else { return Vec::new() };
    let Some((built, make)) = built(subject).filter(|(_, make)| make.is_plain) else { return Vec::new() };
    // The own options of a source are not set by a MAKE that does not name them.
    let sets = subject.source.is_some_and(|(_, facts)| {
        let builds = &facts.reading.builds;
        builds.iter().any(|build| build.variables.iter().any(|(name, _)| name.starts_with("CONFIG_")))
            || make.folder.is_some() && builds.len() > 1
    });
    let is_spoken_of = |name: &str| {
        subject.text.lines().any(|line| !line.trim_start().starts_with("PACKAGE_NAME") && line.contains(name))
    };
    let missing = built.iter().filter(|module| {
        let is_certain = module.needs.is_empty() && module.depends.is_empty() && !sets;
        let is_known = listed.iter().any(|(_, known)| base(known) == module.name);
        is_certain && !is_known && !is_spoken_of(&module.name)
    });
    missing.map(|module| found(module.place.clone(), &path(module))).collect()
}

fn found(place: Place, path: &str) -> Found {
    let text = format!("{path} is built, but dkms.conf does not install it");
    Found { file: Some(place.file), line: Some(place.line), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_a_kernel_decides_is_told_from_one_that_it_does_not() {
        let same = [
            "MAKE=\"make KVER=$kernelver\"\nBUILT_MODULE_NAME[0]=a",
            "K=$kernelver\nMAKE[0]=\"make K=$K\"",
            "BUILD_EXCLUSIVE_ARCH=\"x86.*\"\nDEST_MODULE_LOCATION[0]=/extra # for $kernelver",
            "# if [ $kernelver ]",
        ];
        for text in same {
            assert!(!depends_on_kernel(text), "{text}");
        }
        let other = [
            "if [ $kernelver = 1 ]; then\nBUILT_MODULE_NAME[0]=a\nfi",
            "BUILT_MODULE_LOCATION[0]=\"kbuild-$kernelver\"",
            "K=${kernelver%%-*}\ncase $K in",
            "newer $kernelver 5.4 && BUILT_MODULE_NAME[1]=b",
            "for m in /lib/modules/x/*; do",
            "K=$(VER $kernelver)\n[[ $K < 5 ]] || BUILT_MODULE_NAME[1]=b",
        ];
        for text in other {
            assert!(depends_on_kernel(text), "{text}");
        }
    }
}
