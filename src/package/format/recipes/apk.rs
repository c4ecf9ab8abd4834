//! Alpine Linux: an APKBUILD(5) of a package that brings the source, and the AKMBUILD(5) by which akms(8) builds it for each
//! kernel.

use regex::Regex;

use super::{Ingredients, Texts, brought, needs_patch};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::format::marks::filled;
use crate::package::format::spec;
use crate::package::io::digest::sha512;
use crate::package::module::instructions::{Instructions, Product};
use crate::package::module::survey::one_line;
use crate::sys::shell_words::quoted;

const APKBUILD: &str = include_str!("../../../../spec-templates/APKBUILD.in");
const AKMBUILD: &str = include_str!("../../../../spec-templates/AKMBUILD.in");

pub(super) fn texts(from: &Ingredients) -> Result<Texts> {
    let info = from.info;
    let version = version(&info.version)?;
    if info.epoch.is_some() {
        return Err(Error::new(Kind::BadOption, "packages of Alpine have no epoch"));
    }
    let akmbuild = akmbuild(from, &version);
    let mut sums = from.sources.to_vec();
    let sum = sha512(akmbuild.as_bytes()).map_err(|error| Error::io("cannot sum the AKMBUILD", error))?;
    sums.push(("AKMBUILD".to_owned(), sum));
    let list = |lines: Vec<String>| format!("\"\n{}\n\"", lines.join("\n"));
    let extras: String = brought(info)
        .map(|(name, extra, mode)| {
            format!("install -D -m {mode:o} \"$srcdir\"/{} \"$pkgdir\"{}\n", quoted(&name), quoted(&extra.path))
        })
        .collect();
    let person = info.maintainer.as_ref().map_or(String::new(), |person| format!("# Maintainer: {}", one_line(person)));
    let marks = [
        ("@MAINTAINER@", person),
        ("@PKGNAME@", quoted(&info.name)),
        ("@PKGVER@", quoted(&version)),
        ("@PKGREL@", quoted(&info.release)),
        ("@PKGDESC@", quoted(&one_line(&info.summary))),
        ("@URL@", quoted(info.url.as_deref().unwrap_or_default())),
        ("@ARCH@", quoted(if info.architecture == "any" { "noarch" } else { &info.architecture })),
        ("@LICENSE@", quoted(&info.license)),
        ("@FOLDER@", quoted(&spec::folder(info))),
        ("@SOURCE@", list(sums.iter().map(|(name, _)| name.clone()).collect())),
        ("@EXTRAS@", extras),
        ("@SUMS@", list(sums.iter().map(|(name, sum)| format!("{sum}  {name}")).collect())),
    ];
    Ok(vec![("AKMBUILD".to_owned(), akmbuild), ("APKBUILD".to_owned(), filled(APKBUILD, &marks))])
}

fn akmbuild(from: &Ingredients, version: &str) -> String {
    let info = from.info;
    let Instructions { steps, products, .. } = from.instructions;
    let mut steps = steps.clone();
    // It installs what it finds under the name that it finds.
    steps.extend(
        products
            .iter()
            .filter(|product| !product.path.ends_with(&renamed(product)))
            .map(|product| format!("mv {} {}", quoted(&product.path), quoted(&renamed(product)))),
    );
    let modules: Vec<String> = products.iter().map(renamed).collect();
    let needs = if needs_patch(from.instructions) { "makedepends='patch'" } else { "" };
    let marks = [
        ("@TITLE@", info.module.to_string()),
        ("@MODNAME@", quoted(info.name.trim_end_matches("-src"))),
        ("@PKGVER@", quoted(version)),
        ("@MODULES@", quoted(&modules.join(" "))),
        ("@MAKEDEPENDS@", needs.to_owned()),
        ("@STEPS@", steps.join("\n")),
    ];
    filled(AKMBUILD, &marks)
}

/// The module's file under the name that it is to have.
fn renamed(product: &Product) -> String {
    match product.path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{}", product.file),
        None => product.file.clone(),
    }
}

/// A version as apk(8) compares it: numbers, perhaps a letter, words of a fixed list with numbers (APKBUILD(5), `pkgver`).
fn version(text: &str) -> Result<String> {
    let refused = || {
        Error::new(Kind::BadOption, format!("`{text}` cannot be the version of a package of Alpine"))
            .hint("give one like 1.2.3, 1.2_rc1 or 1.2_p7 with --package-version")
    };
    let replace = |text: &str, pattern: &str, by: &str| {
        Regex::new(pattern).map_or_else(|_| text.to_owned(), |pattern| pattern.replace(text, by).into_owned())
    };
    let known = Regex::new(r"^\d+(\.\d+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*$");
    let plain = replace(text, r"\.r(\d+)\.g[0-9a-f]+$", "_p$1");
    let plain = replace(&plain, r"(?i)[._-]?(alpha|beta|pre|rc)[._-]?(\d*)$", "_$1$2").to_ascii_lowercase();
    let plain = replace(&plain, r"_(\d+)$", "_p$1");
    match known {
        Ok(known) if known.is_match(&plain) => Ok(plain),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_apk_compares() {
        for (text, expected) in [
            ("1.2", Some("1.2")),
            ("1.2.r7.gabcdef1", Some("1.2_p7")),
            ("3.5_rc2", Some("3.5_rc2")),
            ("3.5rc2", Some("3.5_rc2")),
            ("1.0b", Some("1.0b")),
            ("6.04_1", Some("6.04_p1")),
            ("20240101", Some("20240101")),
            ("1.2+git.abc", None),
            ("abc", None),
        ] {
            assert_eq!(version(text).ok().as_deref(), expected, "{text}");
        }
    }
}
