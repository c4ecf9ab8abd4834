//! Nix: an expression that `callPackage` of a set of kernel packages takes (nixpkgs manual, "Linux kernel": `kernel` and its
//! `moduleBuildDependencies`, modules below `$out/lib/modules`).

use super::{Ingredients, Texts, brought, install};
use crate::package::format::marks::filled;
use crate::package::format::spec;
use crate::package::module::survey::one_line;
use crate::sys::shell_words::quoted;

const EXPRESSION: &str = include_str!("../../../../spec-templates/default.nix.in");

pub(super) fn texts(from: &Ingredients) -> Texts {
    let info = from.info;
    let into = "\"$out/lib/modules/$kernelver/updates\"";
    let installs = install(&from.instructions.products, "-m 444", "", into);
    let extras: String = brought(info)
        .map(|(name, extra, mode)| {
            let place = extra.path.strip_prefix("/usr").unwrap_or(&extra.path);
            let beside = format!("${{./. + {}}}", string(&format!("/{name}")));
            format!("install -D -m {mode:o} {beside} \"$out\"{}\n", indented(&quoted(place)))
        })
        .collect();
    let homepage = info.url.as_deref().map_or(String::new(), |url| format!("homepage = {};", string(url)));
    let marks = [
        ("@NIXFOLDER@", "nix".to_owned()),
        ("@PNAME@", string(&info.name)),
        ("@VERSION@", string(info.module.version.as_str())),
        ("@ARCHIVE@", string(&format!("/{}.tar.gz", spec::folder(info)))),
        ("@FOLDER@", string(&spec::folder(info))),
        ("@STEPS@", indented(&from.instructions.steps.join("\n"))),
        ("@INSTALL@", indented(&installs)),
        ("@EXTRAS@", extras),
        ("@SUMMARY@", string(&one_line(&info.summary))),
        ("@HOMEPAGE@", homepage),
        ("@LICENSE@", string(&info.license)),
    ];
    vec![("default.nix".to_owned(), filled(EXPRESSION, &marks))]
}

/// A string of Nix, whatever it holds.
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
}

/// A text within two single quotes, which end it elsewhere.
fn indented(text: &str) -> String {
    text.replace("''", "'''").replace("${", "''${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_read_as_nix() {
        assert_eq!(string("a \"b\" ${c} \\"), r#""a \"b\" \${c} \\""#);
        assert_eq!(indented("a '' ${b} $c"), "a ''' ''${b} $c");
    }
}
