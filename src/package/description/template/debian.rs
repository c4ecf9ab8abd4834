//! A debian folder as a template of a package: control, scripts, changelog and copyright, with the words of DKMS 2 in them.

use std::path::{Path, PathBuf};

use debian_packaging::control::{ControlParagraph, ControlParagraphReader};

use crate::ids::ModuleId;
use crate::package::Format;
use crate::package::description::changelog;
use crate::package::description::extra::{Extra, Role};
use crate::package::description::template::{Template, TemplateError, is_plain_file};
use crate::package::input::payload::{Content, Entry, EntryKind, File};
use crate::package::words::relations::{Kind, Phase, Relation, Script};
use crate::package::words::{date, names};

const SCRIPTS: [(&str, Phase); 4] = [
    ("preinst", Phase::BeforeInstall),
    ("postinst", Phase::AfterInstall),
    ("prerm", Phase::BeforeRemoval),
    ("postrm", Phase::AfterRemoval),
];

const RELATIONS: [(&str, Kind); 8] = [
    ("Pre-Depends", Kind::Requires),
    ("Depends", Kind::Requires),
    ("Recommends", Kind::Recommends),
    ("Suggests", Kind::Suggests),
    ("Conflicts", Kind::Conflicts),
    ("Breaks", Kind::Breaks),
    ("Replaces", Kind::Replaces),
    ("Provides", Kind::Provides),
];

/// Bytes that a file of a template may have; they are texts.
const LIMIT: u64 = 1 << 20;

/// Puts the module's names in place of the words that DKMS 2 put them for.
pub(crate) fn fill(text: &str, module: &ModuleId, seconds: u64) -> String {
    text.replace("DEBIAN_PACKAGE", &names::base_name(Format::Deb, module.name.as_str()))
        .replace("MODULE_NAME", module.name.as_str())
        .replace("MODULE_VERSION", module.version.as_str())
        .replace("DATE_STAMP", &date::rfc5322(seconds))
        .replace("DEBIAN_BUILD_ARCH", "all")
        .replace("KERNEL_VERSIONS", "")
}

/// Every file of the folder, filled, as entries below `debian`.
pub(crate) fn entries(folder: &Path, module: &ModuleId, seconds: u64) -> Result<Vec<Entry>, TemplateError> {
    let mut entries = Vec::new();
    for (name, file) in files(folder)? {
        let executable = name == "rules"
            || std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(&file)?.permissions()) & 0o111 != 0;
        let text = fill(&text(&file)?, module, seconds);
        let filled = File { executable, ..File::of(text.into_bytes()) };
        entries.push(Entry { path: fill(&name, module, seconds), kind: EntryKind::File(filled) });
    }
    Ok(entries)
}

/// Reads the folder as a template of a binary package of this source.
pub(crate) fn read(folder: &Path, source: &Path, module: &ModuleId, seconds: u64) -> Result<Template, TemplateError> {
    let mut template = Template { file: folder.to_path_buf(), ..Template::default() };
    for (name, file) in files(folder)? {
        let text = fill(&text(&file)?, module, seconds);
        match name.as_str() {
            "control" => control(&mut template, &file, &text)?,
            "changelog" => template.said.changelog = changelog::parse(&text).unwrap_or_default(),
            "copyright" => template.copyright = Some(text),
            "README.Debian" => {
                // The package's name stands in the control file, which may come later.
                template.extras.push(Extra::file("README.Debian", Role::Document, text.into_bytes()));
            }
            // How it would be built: nothing of that is needed.
            "rules" | "compat" | "dirs" | "source/format" => {}
            _ => match SCRIPTS.iter().find(|(script, _)| *script == name) {
                Some((_, phase)) => template.scripts.push(script(&file, *phase, &text)?),
                None if name.rsplit('.').next() == Some("docs") => documents(&mut template, &file, source, &text)?,
                None => other(&mut template, &file, name, text)?,
            },
        }
    }
    let package = template
        .said
        .package_name
        .clone()
        .unwrap_or_else(|| names::base_name(Format::Deb, module.name.as_str()) + "-dkms");
    for extra in &mut template.extras {
        extra.path = match extra.path.as_str() {
            "modprobe" => format!("/etc/modprobe.d/{package}.conf"),
            "udev" => format!("/usr/lib/udev/rules.d/60-{package}.rules"),
            document => format!("/usr/share/doc/{package}/{document}"),
        };
    }
    Ok(template)
}

/// Files of debhelper and of those who look after the package. Those of debhelper that put something into a package are taken
/// (`NAME.modprobe`, `NAME.udev`) or refused: they would be missing, and nobody told.
fn other(template: &mut Template, file: &Path, name: String, text: String) -> Result<(), TemplateError> {
    let kind = name.rsplit('.').next().unwrap_or(&name);
    match kind {
        _ if ["source/", "tests/", "upstream/", "po/", "patches/"].iter().any(|start| name.starts_with(start)) => {
            template.unused.push(name);
        }
        "modprobe" => template.extras.push(Extra::file("modprobe", Role::Config, text.into_bytes())),
        "udev" => template.extras.push(Extra::file("udev", Role::Data, text.into_bytes())),
        "install" if text.lines().all(|line| line.trim().is_empty() || line.contains("usr/src")) => {}
        "dkms" => {}
        "install" | "links" | "manpages" | "service" | "init" | "default" | "conffiles" | "triggers" | "config"
        | "templates" | "logrotate" | "tmpfile" | "tmpfiles" | "sysusers" | "cron" | "maintscript"
        | "initramfs-hook" | "examples" | "bash-completion" | "socket" | "timer" | "path" | "mount" | "modules" => {
            let reason = "it puts something into a package that none from here has; --file SOURCE=PLACE brings a file"
                .to_owned();
            return Err(TemplateError::File { file: file.into(), reason });
        }
        _ => template.unused.push(name),
    }
    Ok(())
}

/// The files of the source that dh_installdocs(1) would put beside the copyright; a folder or a pattern is refused.
fn documents(template: &mut Template, file: &Path, source: &Path, text: &str) -> Result<(), TemplateError> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    for word in lines.flat_map(str::split_whitespace) {
        let path = source.join(word);
        let is_inside = || Some(fs_err::canonicalize(&path).ok()?.starts_with(fs_err::canonicalize(source).ok()?));
        let Some(name) = path.file_name().filter(|_| is_plain_file(&path) && is_inside() == Some(true)) else {
            let reason = format!("{word} is no file of the source; name each file by its path in the source");
            return Err(TemplateError::File { file: file.into(), reason });
        };
        let kind = EntryKind::File(File {
            size: fs_err::metadata(&path)?.len(),
            executable: false,
            content: Content::Disk(path.clone()),
        });
        let path = name.to_string_lossy().into_owned();
        template.extras.push(Extra { path, kind, role: Role::Document });
    }
    Ok(())
}

/// Files in the folder and in folders directly below it, by name; links are left alone.
fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, TemplateError> {
    let mut found = Vec::new();
    let mut list = |folder: &Path, before: &str| -> Result<Vec<PathBuf>, TemplateError> {
        let mut below = Vec::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            if is_plain_file(&path) {
                found.push((format!("{before}{name}"), path));
            } else if path.is_dir() && !path.is_symlink() {
                below.push(path);
            }
        }
        Ok(below)
    };
    for inner in list(folder, "")? {
        let name = inner.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        list(&inner, &format!("{name}/"))?;
    }
    found.sort();
    Ok(found)
}

fn text(file: &Path) -> Result<String, TemplateError> {
    if fs_err::metadata(file)?.len() > LIMIT {
        return Err(TemplateError::File { file: file.into(), reason: "it is too large for a template".to_owned() });
    }
    Ok(String::from_utf8_lossy(&fs_err::read(file)?).into_owned())
}

fn script(file: &Path, phase: Phase, text: &str) -> Result<Script, TemplateError> {
    if !text.starts_with("#!") {
        let reason = "a maintainer script begins with #! and its interpreter".to_owned();
        return Err(TemplateError::File { file: file.into(), reason });
    }
    // debhelper would have put its own there; what DKMS needs of it is nothing.
    let kept: String =
        text.lines().filter(|line| line.trim() != "#DEBHELPER#").map(|line| format!("{line}\n")).collect();
    Ok(Script { phase, text: kept })
}

fn control(template: &mut Template, file: &Path, text: &str) -> Result<(), TemplateError> {
    let fail = |reason: String| TemplateError::File { file: file.into(), reason };
    // Comments are debhelper's to drop.
    let plain: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let read = ControlParagraphReader::new(std::io::Cursor::new(plain)).collect::<Result<Vec<_>, _>>();
    let paragraphs = read.map_err(|error| fail(error.to_string()))?;
    let packages: Vec<&ControlParagraph> = paragraphs.iter().filter(|one| one.has_field("Package")).collect();
    let [package] = packages.as_slice() else {
        return Err(fail(format!("it describes {} packages where one is needed", packages.len())));
    };
    let source = paragraphs.iter().find(|one| one.has_field("Source"));
    let field = |name: &str| {
        let found = package.field_str(name).or_else(|| source.and_then(|source| source.field_str(name)));
        found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    template.said.package_name = field("Package");
    template.said.architecture = field("Architecture").filter(|word| word != "any");
    template.said.maintainer = field("Maintainer");
    template.said.url = field("Homepage");
    if let Some(description) = field("Description") {
        let (summary, rest) = description.split_once('\n').unwrap_or((&description, ""));
        template.said.summary = Some(summary.to_owned());
        let paragraph = |line: &str| if line.trim() == "." { String::new() } else { line.trim().to_owned() };
        let rest = rest.lines().map(paragraph).collect::<Vec<_>>().join("\n");
        template.said.description = Some(rest).filter(|text| !text.trim().is_empty());
    }
    for (name, kind) in RELATIONS {
        let Some(listed) = package.field_str(name) else { continue };
        for one in listed.split(',').map(str::trim).filter(|one| !one.is_empty() && !one.contains("${")) {
            let relations = Relation::parse_list(Format::Deb, kind, one);
            template
                .relations
                .extend(relations.map_err(|source| TemplateError::Relation { file: file.into(), source })?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    const CONTROL: &str = "Source: DEBIAN_PACKAGE-dkms\nMaintainer: A B <a@b.org>\n\nPackage: DEBIAN_PACKAGE-dkms\n\
                           Architecture: all\nDepends: dkms (>= 1.95), ${misc:Depends}\nSuggests: a | b, c\n\
                           Description: MODULE_NAME driver\n More.\n .\n Paragraph of MODULE_VERSION.\n";

    #[test]
    fn the_words_of_dkms_2_become_the_modules_names() {
        let folder = tree(&[
            ("control", CONTROL),
            ("postinst", "#!/bin/sh\nset -e\n#DEBHELPER#\ndkms add -m MODULE_NAME -v MODULE_VERSION\n"),
            (
                "changelog",
                "DEBIAN_PACKAGE-dkms (MODULE_VERSION) stable; urgency=low\n\n  * x\n\n -- A B <a@b.org>  DATE_STAMP\n",
            ),
            ("rules", "#!/usr/bin/make -f\n"),
            ("README.Debian", "MODULE_NAME\n"),
            ("watch", "version=4\n"),
        ]);
        let module = names::check("Foo_x", "1.0").unwrap();
        let template = read(folder.path(), folder.path(), &module, 0).unwrap();
        assert_eq!(
            (template.said.package_name.as_deref(), template.said.summary.as_deref()),
            (Some("foo-x-dkms"), Some("Foo_x driver"))
        );
        assert_eq!(template.said.description.as_deref(), Some("More.\n\nParagraph of 1.0."));
        let names: Vec<&str> = template.relations.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["dkms", "a | b", "c"]);
        assert_eq!(template.scripts[0].text, "#!/bin/sh\nset -e\ndkms add -m Foo_x -v 1.0\n");
        let [entry] = template.said.changelog.as_slice() else { panic!("{:?}", template.said.changelog) };
        assert_eq!((entry.person.as_deref(), entry.date), (Some("A B <a@b.org>"), Some(0)));
        assert_eq!(
            (template.extras[0].path.as_str(), template.unused),
            ("/usr/share/doc/foo-x-dkms/README.Debian", vec!["watch".to_owned()])
        );
        let rules =
            entries(folder.path(), &module, 0).unwrap().into_iter().find(|entry| entry.path == "rules").unwrap();
        assert!(matches!(rules.kind, EntryKind::File(File { executable: true, .. })));
    }

    #[test]
    fn files_of_debhelper_go_where_debhelper_puts_them() {
        let folder = tree(&[
            ("foo-dkms.modprobe", "options foo a=1\n"),
            ("foo-dkms.udev", "x\n"),
            ("install", "* usr/src/foo\n"),
            ("docs", "# said\n\ndoc/NOTES\n"),
            ("doc/NOTES", "n\n"),
        ]);
        let template = read(folder.path(), folder.path(), &names::check("foo", "1.0").unwrap(), 0).unwrap();
        let places: Vec<(&str, Role)> = template.extras.iter().map(|extra| (extra.path.as_str(), extra.role)).collect();
        let expected = [
            ("/usr/share/doc/foo-dkms/NOTES", Role::Document),
            ("/etc/modprobe.d/foo-dkms.conf", Role::Config),
            ("/usr/lib/udev/rules.d/60-foo-dkms.rules", Role::Data),
        ];
        assert_eq!(places, expected);
        assert_eq!(template.unused, ["doc/NOTES"]);
    }

    #[test]
    fn folders_that_describe_no_package_are_refused_and_links_are_not_followed() {
        let module = names::check("foo", "1.0").unwrap();
        for (name, text, said) in [
            ("control", "Source: a\n", "0 packages"),
            ("control", "Package: a\n\nPackage: b\n", "2 packages"),
            ("control", "Package: a\nDepends: B_c\n", "B_c"),
            ("prerm", "exit 0\n", "#!"),
            ("foo.service", "[Unit]\n", "foo.service"),
            ("foo-dkms.install", "x.conf etc/\n", "foo-dkms.install"),
            ("triggers", "interest x\n", "triggers"),
            ("docs", "README*\n", "README*"),
            ("foo-dkms.docs", "/etc/passwd\n", "/etc/passwd"),
        ] {
            let folder = tree(&[(name, text)]);
            let error = read(folder.path(), folder.path(), &module, 0).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let folder = tree(&[("watch", "")]);
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("copyright")).unwrap();
        assert_eq!(read(folder.path(), folder.path(), &module, 0).unwrap().copyright, None);
    }
}
