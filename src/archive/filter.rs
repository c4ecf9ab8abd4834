//! Which files of a source tree belong into a package.

use std::collections::BTreeSet;

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// It is packaged and told: a prebuilt object, which is the source of many a vendor's driver.
    KeepObject,
    /// A file or folder of a version control system.
    DropVcs,
    /// What a build left behind.
    DropBuilt,
}

/// Decides by name alone; `siblings` are the names in the same folder.
pub(crate) fn judge(name: &str, is_folder: bool, siblings: &BTreeSet<String>) -> Verdict {
    if is_vcs(name) {
        return Verdict::DropVcs;
    }
    if is_folder {
        // Kernels before 5.4 kept their notes of a build there.
        return if name == ".tmp_versions" { Verdict::DropBuilt } else { Verdict::Keep };
    }
    if is_built(name) || is_built_object(name, siblings) {
        return Verdict::DropBuilt;
    }
    let object =
        [".o_shipped", ".o_binary", ".a", ".o"].iter().any(|end| name.len() > end.len() && name.ends_with(end));
    if object { Verdict::KeepObject } else { Verdict::Keep }
}

fn is_vcs(name: &str) -> bool {
    let whole = [".svn", "CVS", ".cvsignore", ".bzr", ".bzrignore", ".bzrtags", "_darcs", ".arch-ids", "{arch}"];
    name.starts_with(".git") || name.starts_with(".hg") || whole.contains(&name)
}

fn is_built(name: &str) -> bool {
    let ends = [".ko", ".ko.gz", ".ko.xz", ".ko.zst", ".mod", ".mod.c", ".mod.o", ".cmd", ".o.d"];
    ["Module.symvers", "modules.order"].contains(&name) || ends.iter().any(|end| name.ends_with(end))
}

fn is_built_object(name: &str, siblings: &BTreeSet<String>) -> bool {
    let Some(stem) = name.strip_suffix(".o") else { return false };
    [".c", ".S", ".rs"].iter().any(|source| siblings.contains(&format!("{stem}{source}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_stay_and_leavings_go() {
        let siblings: BTreeSet<String> = ["main.c", "entry.S", "r.rs"].map(String::from).into();
        let cases = [
            ("main.c", Verdict::Keep),
            ("Makefile", Verdict::Keep),
            ("model.c", Verdict::Keep),
            ("a.module", Verdict::Keep),
            (".gitignore", Verdict::DropVcs),
            (".gitlab-ci.yml", Verdict::DropVcs),
            (".hgtags", Verdict::DropVcs),
            ("main.o", Verdict::DropBuilt),
            ("entry.o", Verdict::DropBuilt),
            ("r.o", Verdict::DropBuilt),
            ("blob.o", Verdict::KeepObject),
            ("blob.o_shipped", Verdict::KeepObject),
            ("nv-kernel.o_binary", Verdict::KeepObject),
            ("libx.a", Verdict::KeepObject),
            ("x.ko", Verdict::DropBuilt),
            ("x.ko.zst", Verdict::DropBuilt),
            ("x.mod", Verdict::DropBuilt),
            ("x.mod.c", Verdict::DropBuilt),
            (".main.o.cmd", Verdict::DropBuilt),
            (".main.o.d", Verdict::DropBuilt),
            ("Module.symvers", Verdict::DropBuilt),
            ("modules.order", Verdict::DropBuilt),
        ];
        for (name, expected) in cases {
            assert_eq!(judge(name, false, &siblings), expected, "{name}");
        }
        for (name, expected) in [
            (".git", Verdict::DropVcs),
            ("CVS", Verdict::DropVcs),
            (".tmp_versions", Verdict::DropBuilt),
            ("x.mod", Verdict::Keep),
            ("src", Verdict::Keep),
        ] {
            assert_eq!(judge(name, true, &siblings), expected, "{name}/");
        }
    }
}
