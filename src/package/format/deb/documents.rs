//! copyright and changelog, which every Debian package has (Policy 12.5, 12.7).

use std::io::{self, Write};

use crate::archive::stream::{Compression, Compressor};
use crate::package::description::info::{Change, PackageInfo};
use crate::package::description::texts::fold;
use crate::package::input::payload::File;
use crate::package::module::license;
use crate::package::words::date;

/// Path below /usr/share and content.
pub(crate) fn all(info: &PackageInfo) -> io::Result<Vec<(String, File)>> {
    let mut changelog_gz = Compressor::new(Compression::Gzip, Vec::new())?;
    changelog_gz.write_all(changelog(info, &info.name).as_bytes())?;
    let name = &info.name;
    let mut files = vec![
        (format!("doc/{name}/changelog.Debian.gz"), File::of(changelog_gz.finish()?)),
        (format!("doc/{name}/copyright"), File::of(copyright(info).into_bytes())),
    ];
    files.extend(overrides(info).map(|text| (format!("lintian/overrides/{name}"), File::of(text.into_bytes()))));
    Ok(files)
}

/// What lintian would say of any package that was not made for the Debian archive.
pub(crate) fn overrides(info: &PackageInfo) -> Option<String> {
    let mut tags = Vec::new();
    if info.release == "1" {
        tags.push(("There is no request for a package to close.", "initial-upload-closes-no-bugs"));
    }
    if info.extras.iter().any(|extra| extra.path.starts_with("/etc/apt/sources.list.d/")) {
        tags.push(("It is there to set up another repository.", "package-installs-apt-sources"));
    }
    let line = |(why, tag): (&str, &str)| format!("# Not made for the Debian archive. {why}\n{}: {tag}\n", info.name);
    (!tags.is_empty()).then(|| tags.into_iter().map(line).collect())
}

/// changelog of a package, or of a source package, of this name.
pub(crate) fn changelog(info: &PackageInfo, name: &str) -> String {
    let entry = |change: Change| {
        let lines: String =
            change.changes.iter().map(|text| format!("  * {}\n", fold(text, 74).join("\n    "))).collect();
        format!(
            "{} ({}) unstable; urgency=medium\n\n{lines}\n -- {}  {}\n",
            name,
            change.version,
            change.person,
            date::rfc5322(change.date),
        )
    };
    info.changes().into_iter().map(entry).collect::<Vec<_>>().join("\n")
}

/// Machine-readable debian/copyright, format 1.0.
pub(crate) fn copyright(info: &PackageInfo) -> String {
    if let Some(text) = &info.copyright {
        return text.clone();
    }
    let mut text = String::from("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n");
    text += &format!("Upstream-Name: {}\n", info.module.name);
    if let Some(url) = &info.url {
        text += &format!("Source: {url}\n");
    }
    text += &stanza(info, &["*".to_owned()], &info.holders, &info.license);
    for part in &info.parts {
        text += &stanza(info, &part.files, &part.holders, &part.license);
    }
    for (name, common) in license::debian(&info.license) {
        text += &format!("\nLicense: {name}\n{}\n", body(&name, common));
    }
    text
}

/// Who holds what in some files, and under which licence; a later one goes before an earlier one.
fn stanza(info: &PackageInfo, files: &[String], holders: &[String], license: &str) -> String {
    let nobody = [format!("{} the authors of {}", date::year(info.date), info.module.name)];
    let holders = if holders.is_empty() { nobody.as_slice() } else { holders };
    // A blank ends a pattern, and a question mark is any character.
    let pattern = |path: &String| match path.as_str() {
        "*" => path.clone(),
        path => path.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?").replace(char::is_whitespace, "?"),
    };
    format!(
        "\nFiles: {}\nCopyright: {}\nLicense: {}\n",
        files.iter().map(pattern).collect::<Vec<_>>().join("\n       "),
        holders.join("\n           "),
        license::debian_name(license)
    )
}

fn body(name: &str, common: Option<&str>) -> String {
    match common {
        Some(file) => {
            format!(" The full text of this licence is in /usr/share/common-licenses/{file}\n on Debian systems.")
        }
        None => format!(" {name}; see the licence texts and the heads of the files in the source."),
    }
}
