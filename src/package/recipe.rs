//! What the distributions' own tools make the package from: a spec with its sources, a Debian source package.

use std::io::{self, Write};
use std::path::PathBuf;

use super::info::PackageInfo;
use super::make::{Made, PackageRequest, Prepared, describe, usual_compression};
use super::output::{Output, Place};
use super::payload::EntryKind;
use super::spec;
use crate::error::{Error, Result};

/// Writes the spec (of a template, if there is one), the source archive and further sources into one folder.
pub fn spec(prepared: &Prepared, request: &PackageRequest, template: Option<&str>) -> Result<Made> {
    let mut warnings = Vec::new();
    let info = describe(prepared, request, &mut warnings)?;
    let mut files = Files::new(request);
    files.write(&format!("{}.tar.gz", spec::folder(&info)), |out| spec::write_source(&info, &prepared.payload, out))?;
    for extra in spec::files(&info) {
        let EntryKind::File(file) = &extra.kind else { continue };
        files.write(spec::source_name(extra), |out| io::copy(&mut file.open()?, out).map(drop))?;
    }
    let text = spec::text(&info, usual_compression(request), template);
    files.write(&format!("{}.spec", info.name), |out| out.write_all(text.as_bytes()))?;
    files.finish(info, warnings)
}

/// Files that appear together, the last one last: it is the one that names the others.
struct Files<'a> {
    request: &'a PackageRequest<'a>,
    folder: PathBuf,
    staged: Vec<Output>,
}

impl<'a> Files<'a> {
    fn new(request: &'a PackageRequest<'a>) -> Self {
        let folder = match &request.place {
            Place::Folder(folder) | Place::File(folder) => folder.clone(),
        };
        Self { request, folder, staged: Vec::new() }
    }

    fn write(&mut self, name: &str, write: impl FnOnce(&mut std::fs::File) -> io::Result<()>) -> Result<()> {
        let mut output = Output::open(&Place::Folder(self.folder.clone()), name, self.request.existing)?;
        write(output.writer()).map_err(|error| Error::io(format!("cannot write {name}"), error))?;
        self.staged.push(output);
        Ok(())
    }

    fn finish(self, info: PackageInfo, warnings: Vec<String>) -> Result<Made> {
        let mut sources = Vec::new();
        let mut last = (PathBuf::new(), 0);
        for output in self.staged {
            last = output.finish()?;
            sources.push(last.0.clone());
        }
        sources.pop();
        Ok(Made { file: last.0, size: last.1, sources, info, warnings, signed_by: None })
    }
}
