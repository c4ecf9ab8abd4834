//! How a source is built and what comes of it, in the words of a shell, for recipes that know nothing of dkms.conf. What is
//! said of one kernel is said by `$kernelver`, `$kernel_source_dir` and `$arch`; `$builddir` is the source's own folder.

use std::path::Path;

use crate::conf::module::Directives;
use crate::conf::{self, Framework};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{Arch, KernelRelease, ModuleId, Target};
use crate::sys::System;
use crate::sys::shell_words::quoted;

/// What a recipe is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instructions {
    /// Lines of a shell that stands in the source's folder.
    pub(crate) steps: Vec<String>,
    pub(crate) products: Vec<Product>,
    /// What no recipe says, one sentence each.
    pub(crate) notes: Vec<String>,
}

/// A module that is there when all steps are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    /// The file, below the source's folder.
    pub(crate) path: String,
    /// What it is called once it is installed.
    pub(crate) file: String,
}

/// A word that stands for a variable while the file is evaluated; two kernels, so that what depends on one is noticed.
struct Stand {
    release: &'static str,
    headers: &'static str,
    tree: &'static str,
    arch: &'static str,
}

const OLD: Stand = Stand { release: "2.6.99-kverold", headers: "/ksrcold", tree: "/treeold", arch: "archold" };
const NEW: Stand = Stand { release: "99.9.9-kvernew", headers: "/ksrcnew", tree: "/treenew", arch: "archnew" };

/// Directives whose values are commands.
const COMMANDS: [&str; 3] = ["MAKE", "PRE_BUILD", "POST_BUILD"];
/// Directives that only a DKMS acts on, and what becomes of them elsewhere.
const LEFT: [(&str, &str); 10] = [
    ("BUILD_EXCLUSIVE_KERNEL", "a kernel that it excludes is built for, too"),
    ("BUILD_EXCLUSIVE_KERNEL_MIN", "a kernel that it excludes is built for, too"),
    ("BUILD_EXCLUSIVE_KERNEL_MAX", "a kernel that it excludes is built for, too"),
    ("BUILD_EXCLUSIVE_ARCH", "an architecture that it excludes is built for, too"),
    ("BUILD_EXCLUSIVE_CONFIG", "a kernel that it excludes is built for, too"),
    ("BUILD_DEPENDS", "the packages of those modules are to be named by hand"),
    ("POST_ADD", "it is not run"),
    ("PRE_INSTALL", "it is not run"),
    ("POST_INSTALL", "it is not run"),
    ("POST_REMOVE", "it is not run"),
];

/// Reads them out of a dkms.conf, without running anything.
pub(crate) fn read(system: &System, framework: &Framework, file: &Path, id: &ModuleId) -> Result<Instructions> {
    let text = fs_err::read(file).map_err(|error| Error::io("cannot read dkms.conf", error))?;
    if let Some(line) = String::from_utf8_lossy(&text).lines().position(decides_by_the_kernel) {
        return Err(unsayable(&format!("line {} of dkms.conf decides by the kernel", line + 1)));
    }
    let (old, new) = (evaluated(system, framework, file, id, &OLD)?, evaluated(system, framework, file, id, &NEW)?);
    if let Some(name) = old.raw.keys().find(|name| old.raw.get(*name) != new.raw.get(*name)) {
        return Err(unsayable(&format!("{name} of dkms.conf depends on the kernel")));
    }
    let notes = LEFT.iter().filter(|(name, _)| old.raw.contains_key(*name));
    let notes = notes.map(|(name, what)| format!("dkms.conf says {name}, which is for DKMS alone: {what}"));
    Ok(Instructions { steps: steps(&old.raw), products: old.products, notes: notes.collect() })
}

fn unsayable(what: &str) -> Error {
    Error::new(Kind::BadOption, format!("{what} in a way that no recipe can say"))
        .hint("MAKE_MATCH and PATCH_MATCH can be said; a package for DKMS says everything")
}

fn decides_by_the_kernel(line: &str) -> bool {
    let line = line.trim_start();
    let asks = ["if ", "elif ", "case ", "[ ", "[[ ", "test "].iter().any(|word| line.starts_with(word));
    asks && ["kernelver", "kernel_source_dir", "uname"].iter().any(|word| line.contains(word))
}

struct Evaluated {
    /// With variables where the stand-ins were.
    raw: Directives,
    products: Vec<Product>,
}

fn evaluated(system: &System, framework: &Framework, file: &Path, id: &ModuleId, stand: &Stand) -> Result<Evaluated> {
    let bad = |text: String| Error::new(Kind::BadConf, format!("no recipe can be made of dkms.conf: {text}"));
    let words = KernelRelease::new(stand.release).ok().zip(Arch::new(stand.arch).ok());
    let (kernel, arch) = words.ok_or_else(|| Error::new(Kind::Internal, "the words for kernels are none"))?;
    let target = Target::new(kernel, arch);
    let framework = Framework { dkms_tree: stand.tree.into(), ..framework.clone() };
    let context = conf::Context {
        target: Some(&target),
        kernel_source_dir: stand.headers.into(),
        module: Some(&id.name),
        version: Some(&id.version),
        ..conf::Context::without_kernel(1, &[])
    };
    let partial = conf::load_lenient(system, &framework, file, &context)?;
    let Some(conf) = partial.conf else {
        let unknown = partial.unknown.iter().map(|unknown| format!("line {} computes {}", unknown.line, unknown.name));
        let why: Vec<String> = partial.problems.into_iter().chain(unknown).collect();
        return Err(bad(why.join("; ")));
    };
    let build = format!("{}/{}/{}/build", stand.tree, id.name, id.version);
    let marks = [
        (build.as_str(), "builddir"),
        (stand.headers, "kernel_source_dir"),
        (stand.release, "kernelver"),
        (stand.arch, "arch"),
    ];
    let mut raw = partial.raw;
    for (name, values) in &mut raw {
        let is_command = COMMANDS.contains(&name.as_str());
        values.values_mut().for_each(|value| *value = with_variables(value, &marks, is_command));
    }
    let products = conf.modules.iter().map(|module| {
        let path = module.built_location.join(format!("{}.ko", module.built_name));
        Product { path: path.to_string_lossy().into_owned(), file: format!("{}.ko", module.dest_name) }
    });
    Ok(Evaluated { raw, products: products.collect() })
}

/// A text with `"$variable"` in place of each mark, as the quotes around it ask.
fn with_variables(text: &str, marks: &[(&str, &str)], is_command: bool) -> String {
    let (mut made, mut rest, mut quote) = (String::new(), text, None);
    while let Some(sign) = rest.chars().next() {
        if let Some((mark, variable)) = marks.iter().find(|(mark, _)| rest.starts_with(mark)) {
            made += &match quote {
                _ if !is_command => format!("${variable}"),
                None => format!("\"${variable}\""),
                Some('"') => format!("${{{variable}}}"),
                Some(_) => format!("'\"${variable}\"'"),
            };
            rest = &rest[mark.len()..];
            continue;
        }
        match (quote, sign) {
            (None, '\'' | '"') => quote = Some(sign),
            (Some(open), _) if open == sign => quote = None,
            _ => {}
        }
        made.push(sign);
        rest = &rest[sign.len_utf8()..];
    }
    made
}

fn steps(raw: &Directives) -> Vec<String> {
    let value = |name: &str, index: usize| raw.get(name).and_then(|values| values.get(&index)).map(String::as_str);
    let indices = |name: &str| raw.get(name).into_iter().flatten().filter(|(_, value)| !value.is_empty());
    let script = |name: &str| value(name, 0).filter(|text| !text.is_empty()).map(|text| format!("./{text}"));
    let mut steps = Vec::new();
    for (index, patch) in indices("PATCH") {
        let command = format!("patch -p1 < {}", quoted(&format!("patches/{patch}")));
        steps.push(match value("PATCH_MATCH", *index).filter(|text| !text.is_empty()) {
            Some(wanted) => format!("! {} || {command}", asked(wanted)),
            None => command,
        });
    }
    steps.extend(script("PRE_BUILD"));
    let mut make: Vec<(usize, &str)> = indices("MAKE").map(|(index, text)| (*index, text.as_str())).collect();
    let usual = match make.first() {
        Some((0, text)) => text,
        _ => "make -C \"$kernel_source_dir\" M=\"$builddir\"",
    };
    make.retain(|(index, _)| value("MAKE_MATCH", *index).is_some_and(|text| !text.is_empty()));
    let mut word = "if";
    // The last one that matches is taken.
    for (index, command) in make.iter().rev() {
        steps.push(format!("{word} {}; then", asked(value("MAKE_MATCH", *index).unwrap_or_default())));
        steps.push(format!("    {command}"));
        word = "elif";
    }
    match word {
        "if" => steps.push(usual.to_owned()),
        _ => steps.extend(["else".to_owned(), format!("    {usual}"), "fi".to_owned()]),
    }
    steps.extend(script("POST_BUILD"));
    steps
}

/// Whether the kernel's release has this in it (an extended regular expression).
fn asked(wanted: &str) -> String {
    format!("echo \"$kernelver\" | grep -Eq {}", quoted(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::words::names;
    use crate::sys::sample::tree;

    fn of(text: &str) -> Result<Instructions> {
        let folder =
            tree(&[("dkms.conf", &format!("PACKAGE_NAME=a\nPACKAGE_VERSION=1\nDEST_MODULE_LOCATION=/extra\n{text}"))]);
        let id = names::check("a", "1").unwrap();
        let system = System::host();
        read(&system, &Framework::defaults(&system), &folder.path().join("dkms.conf"), &id)
    }

    #[test]
    fn commands_name_the_kernel_by_variables_whatever_quotes_are_around() {
        let usual = of("").unwrap();
        assert_eq!(usual.steps, ["make -C \"$kernel_source_dir\" M=\"$builddir\""]);
        assert_eq!(usual.products, [Product { path: "a.ko".into(), file: "a.ko".into() }]);
        let found =
            of("MAKE=\"make K=$kernelver S='$kernel_source_dir' M=\\\"$dkms_tree/a/1/build/src\\\" && true\"\n\
                        BUILT_MODULE_NAME=b\nBUILT_MODULE_LOCATION=src\nDEST_MODULE_NAME=c\n")
            .unwrap();
        let make = "make K=\"$kernelver\" S=''\"$kernel_source_dir\"'' M=\"$builddir\"/src && true";
        assert_eq!(found.steps, [make]);
        assert_eq!(found.products, [Product { path: "src/b.ko".into(), file: "c.ko".into() }]);
    }

    #[test]
    fn what_matches_a_kernel_is_asked_of_the_kernel_and_what_cannot_be_said_is_refused() {
        let found = of("MAKE[0]=make\nMAKE[1]='make old'\nMAKE_MATCH[1]='^5\\.'\nPATCH[0]=a.patch\nPATCH_MATCH[0]=x\n\
                        PRE_BUILD='pre.sh 1'\nPOST_INSTALL=post.sh\n")
        .unwrap();
        assert_eq!(
            found.steps,
            [
                "! echo \"$kernelver\" | grep -Eq 'x' || patch -p1 < 'patches/a.patch'",
                "./pre.sh 1",
                "if echo \"$kernelver\" | grep -Eq '^5\\.'; then",
                "    make old",
                "else",
                "    make",
                "fi",
            ]
        );
        assert!(found.notes[0].contains("POST_INSTALL"), "{:?}", found.notes);
        for (text, said) in [
            ("MAKE=\"make ${kernelver%%.*}\"\n", "MAKE of dkms.conf depends on the kernel"),
            ("if [ \"$kernelver\" = 6.1 ]; then MAKE=x; fi\n", "line 4 of dkms.conf decides by the kernel"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
