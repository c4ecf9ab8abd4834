//! mktarball: which builds go into the archive, and what it is called.

use std::path::{Path, PathBuf};

use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan, Reason, Tarball, TarballContent};

use super::refusal::{not_usable, refused_with};
use super::unmake::of_usual_kernels;

/// Kernel names of more bytes than this are not listed in a file name.
const LONGEST_LIST: usize = 200;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The kernels; None: every one the module is built for.
    pub(crate) targets: Option<&'a [Target]>,
    /// What goes into the archive.
    pub(crate) content: TarballContent,
    /// `--archive`
    pub(crate) file: Option<&'a Path>,
}

/// Packs source and builds, or one of the two.
pub(crate) fn make(id: &ModuleId, wanted: Wanted<'_>, snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    match tarball(id, wanted, snapshot) {
        Ok(tarball) => {
            plan.push(id.clone(), None, Operation::MakeTarball(tarball), "asked for", Vec::new());
        }
        Err((target, reason)) => plan.omit(Some(id.clone()), target, reason),
    }
    plan
}

fn tarball(id: &ModuleId, wanted: Wanted<'_>, snapshot: &Snapshot) -> Result<Tarball, (Option<Target>, Reason)> {
    if let Some(reason) = not_usable(id, snapshot) {
        return Err((None, reason));
    }
    let Some(entry) = snapshot.module(id) else { return Err((None, unbuilt(id, "any kernel"))) };
    let targets = match (wanted.content, wanted.targets) {
        (TarballContent::SourceOnly, _) => Vec::new(),
        (_, Some(targets)) => targets.to_vec(),
        (_, None) => of_usual_kernels(entry),
    };
    if let Some(target) = targets.iter().find(|target| entry.build(target).is_none()) {
        return Err((Some(target.clone()), unbuilt(id, &format!("kernel {target}"))));
    }
    if wanted.content == TarballContent::BinariesOnly && targets.is_empty() {
        return Err((None, unbuilt(id, "any kernel")));
    }
    let file = wanted.file.map_or_else(|| file_name(id, &targets), Path::to_path_buf);
    Ok(Tarball { file, content: wanted.content, targets })
}

fn unbuilt(id: &ModuleId, kernel: &str) -> Reason {
    refused_with(
        Kind::TarballFailed,
        format!("{id} cannot be packed: it is not built for {kernel}"),
        format!("build it first with `dkms build {id}`, name a kernel with -k, or use --source-only"),
    )
}

fn file_name(id: &ModuleId, targets: &[Target]) -> PathBuf {
    let list: String = targets.iter().map(|target| format!("-kernel{}-{}", target.kernel, target.arch)).collect();
    let what = match list.len() {
        0 => "-source-only",
        1..=LONGEST_LIST => &list,
        _ => "-manykernels",
    };
    format!("{}{what}.dkms.tar.gz", id.source_folder()).into()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, id, target};
    use super::*;

    fn plan(kernels: Option<&[&str]>, content: TarballContent, snapshot: &Snapshot) -> String {
        let targets: Option<Vec<Target>> = kernels.map(|kernels| kernels.iter().map(|name| target(name)).collect());
        let wanted = Wanted { targets: targets.as_deref(), content, file: None };
        let plan = make(&id("a/1"), wanted, snapshot);
        match (&plan.steps[..], &plan.omissions[..]) {
            ([step], []) => match &step.operation {
                Operation::MakeTarball(tarball) => tarball.file.display().to_string(),
                other => panic!("{other:?}"),
            },
            ([], [omission]) => match &omission.reason {
                Reason::Refused { case, .. } => case.code().to_string(),
                other => panic!("{other:?}"),
            },
            _ => panic!("{plan}"),
        }
    }

    #[test]
    fn an_archive_is_named_after_what_is_in_it() {
        use TarballContent::{BinariesOnly, Everything, SourceOnly};
        let built = Sample::default().kernels(&["5", "6"]).module("a/1", &["+5", "6", "odd"]).done();
        let added = Sample::default().kernels(&["5"]).module("a/1", &[]).done();
        let broken = Sample::default().kernels(&["5"]).module("a/1", &["5"]).broken().done();
        for (snapshot, kernels, content, expected) in [
            (&built, Some(&["5"][..]), Everything, "a-1-kernel5-x86_64.dkms.tar.gz"),
            (&built, Some(&["6", "5"]), BinariesOnly, "a-1-kernel6-x86_64-kernel5-x86_64.dkms.tar.gz"),
            (&built, None, Everything, "a-1-kernel5-x86_64-kernel6-x86_64.dkms.tar.gz"),
            (&built, Some(&["5"]), SourceOnly, "a-1-source-only.dkms.tar.gz"),
            (&built, Some(&["7"]), Everything, "6"),
            (&built, Some(&["5", "7"]), Everything, "6"),
            (&added, None, Everything, "a-1-source-only.dkms.tar.gz"),
            (&added, None, BinariesOnly, "6"),
            (&broken, Some(&["5"]), Everything, "4"),
            (&Sample::default().done(), Some(&["5"]), Everything, "3"),
        ] {
            assert_eq!(plan(kernels, content, snapshot), expected);
        }
    }

    #[test]
    fn many_kernels_are_not_listed() {
        let kernels: Vec<String> = (0..12).map(|n| format!("6.1.0-{n}-a-long-name")).collect();
        let kernels: Vec<&str> = kernels.iter().map(String::as_str).collect();
        let snapshot = Sample::default().kernels(&kernels).module("a/1", &kernels).done();
        assert_eq!(plan(None, TarballContent::Everything, &snapshot), "a-1-manykernels.dkms.tar.gz");
    }
}
