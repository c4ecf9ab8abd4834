//! What the distributions' own tools make the package from: a spec with its sources, a Debian source package.

use std::io::{self, Seek, Write};
use std::path::PathBuf;

use crate::archive::output::{Output, Place};
use crate::archive::stream::Compression;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::description::contents;
use crate::package::description::info::PackageInfo;
use crate::package::format::dsc;
use crate::package::format::dsc::Vouched;
use crate::package::format::recipes::Ingredients;
use crate::package::format::{pac, recipes, source_archive, spec};
use crate::package::input::payload::{Entry, EntryKind, Payload};
use crate::package::io::digest::{Digests, sha512};
use crate::package::make::{Made, PackageRequest, Prepared, describe, finish, usual_compression};
use crate::package::module::instructions::Instructions;
use crate::package::words::profile::Recipe;
use crate::report::Reporter;

/// Writes the spec (of a template, if there is one), the source archive and further sources into one folder.
pub(crate) fn spec(prepared: &Prepared, request: &PackageRequest, template: Option<&str>) -> Result<Made> {
    let mut warnings = prepared.warnings();
    let info = describe(prepared, request, None, &mut warnings)?;
    let mut files = Files::new(request);
    files.write(&format!("{}.tar.gz", spec::folder(&info)), |out| spec::write_source(&info, &prepared.payload, out))?;
    for extra in spec::files(&info) {
        let EntryKind::File(file) = &extra.kind else { continue };
        files.write(&spec::source_name(&info, extra), |out| io::copy(&mut file.open()?, out).map(drop))?;
    }
    let text = spec::text(&info, &prepared.payload, usual_compression(request), template);
    files.write(&format!("{}.spec", info.name), |out| out.write_all(text.as_bytes()))?;
    files.finish(info, &prepared.payload, warnings)
}

/// Writes a Debian source package into one folder: the source, the packaging, and the .dsc that vouches for both.
///
/// Entries of `template` take the place of those of the same name in the packaging.
pub(crate) fn dsc(prepared: &Prepared, request: &PackageRequest, template: Vec<Entry>) -> Result<Made> {
    let mut warnings = prepared.warnings();
    // A template's own names go before ours, in every file.
    let (named, fixed_name) = dsc::control_of(&template).ok().map(|control| (control.source, control.binary)).unzip();
    let info = describe(prepared, request, fixed_name.as_deref(), &mut warnings)?;
    let source = named.unwrap_or_else(|| dsc::source_name(&info));
    // dpkg-source reads no zstd.
    let (compression, suffix) = match usual_compression(request) {
        Compression::Gzip => (Compression::Gzip, "gz"),
        Compression::Xz | Compression::Zstd => (Compression::Xz, "xz"),
    };
    let upstream = dsc::upstream(&prepared.payload);
    if upstream.len() < prepared.payload.entries.len() {
        warnings
            .push("the source's own debian folder is left out: that of the source package takes its place".to_owned());
    }
    let debian =
        dsc::debian(&info, &source, template).map_err(|error| Error::io("cannot make the debian folder", error))?;
    let control = dsc::control_of(&debian).map_err(|error| Error::new(Kind::BadOption, error.to_string()))?;
    let [orig, packaging, name] = dsc::file_names(&info, &source, suffix);
    let top = format!("{source}-{}", info.version);
    let mut files = Files::new(request);
    let mut vouched = Vec::new();
    for (name, folder, entries) in [(orig, top, upstream), (packaging, dsc::DEBIAN.to_owned(), debian)] {
        let archive = |out: &mut std::fs::File| {
            source_archive::write((folder, &entries), info.date, compression, out)?;
            out.rewind()?;
            Digests::of(io::BufReader::new(out))
        };
        let digests = files.write(&name, archive)?;
        vouched.push(Vouched { name, digests });
    }
    let text = dsc::dsc(&info, &control, &vouched);
    files.write(&name, |out| out.write_all(text.as_bytes()))?;
    files.finish(info, &prepared.payload, warnings)
}

/// Writes a package for Arch, and the PKGBUILD from which makepkg makes the same: its users build packages themselves.
pub(crate) fn arch(prepared: &Prepared, request: &PackageRequest, reporter: &dyn Reporter) -> Result<Made> {
    let mut warnings = prepared.warnings();
    let info = describe(prepared, request, None, &mut warnings)?;
    let recipe = pkgbuild(prepared, request, &info)?;
    let mut made = finish(info, &prepared.payload, request, warnings, reporter)?;
    made.sources.extend(recipe.appear()?.into_iter().map(|(path, _)| path));
    Ok(made)
}

/// Writes a recipe for tools that build modules without a DKMS, with its sources.
pub(crate) fn foreign(
    prepared: &Prepared,
    request: &PackageRequest,
    recipe: Recipe,
    instructions: &Instructions,
) -> Result<Made> {
    let mut warnings = prepared.warnings();
    warnings.extend(instructions.notes.iter().cloned());
    let name = recipes::name(recipe, prepared.module.name.as_str());
    let info = describe(prepared, request, Some(&name), &mut warnings)?;
    let mut files = Files::new(request);
    let sum = |out: &mut std::fs::File| {
        out.rewind()?;
        sha512(io::BufReader::new(out))
    };
    let archive = format!("{}.tar.gz", spec::folder(&info));
    let digest = files.write(&archive, |out| {
        spec::write_source(&info, &prepared.payload, out)?;
        sum(out)
    })?;
    let mut sources = vec![(archive, digest)];
    for (name, _, file) in pac::files(&info) {
        let digest = files.write(&name, |out| {
            io::copy(&mut file.open()?, out)?;
            sum(out)
        })?;
        sources.push((name, digest));
    }
    let from = Ingredients { info: &info, payload: &prepared.payload, instructions, sources: &sources };
    for (name, text) in recipes::texts(recipe, &from)? {
        files.write(&name, |out| out.write_all(text.as_bytes()))?;
    }
    files.finish(info, &prepared.payload, warnings)
}

/// Writes the PKGBUILD, the source archive and what else it names into one folder.
fn pkgbuild<'a>(prepared: &Prepared, request: &'a PackageRequest, info: &PackageInfo) -> Result<Files<'a>> {
    let mut files = Files::new(request);
    let mut sources = Vec::new();
    let digests = |out: &mut std::fs::File| {
        out.rewind()?;
        Digests::of(io::BufReader::new(out))
    };
    let archive = format!("{}.tar.gz", spec::folder(info));
    let digest = files.write(&archive, |out| {
        spec::write_source(info, &prepared.payload, out)?;
        digests(out)
    })?;
    sources.push((archive, digest.sha256));
    for (name, _, file) in pac::files(info) {
        let digest = files.write(&name, |out| {
            io::copy(&mut file.open()?, out)?;
            digests(out)
        })?;
        sources.push((name, digest.sha256));
    }
    if let Some((name, text)) = pac::install_file(info) {
        files.write(&name, |out| out.write_all(text.as_bytes()))?;
    }
    let text = pac::pkgbuild(info, &sources);
    files.write("PKGBUILD", |out| out.write_all(text.as_bytes()))?;
    Ok(files)
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

    fn write<T>(&mut self, name: &str, write: impl FnOnce(&mut std::fs::File) -> io::Result<T>) -> Result<T> {
        let mut output = Output::open(&Place::Folder(self.folder.clone()), name, self.request.existing)?;
        let result = write(output.writer()).map_err(|error| Error::io(format!("cannot write {name}"), error))?;
        self.staged.push(output);
        Ok(result)
    }

    /// Puts them all in their places; gives these and the sizes.
    fn appear(mut self) -> Result<Vec<(PathBuf, u64)>> {
        std::mem::take(&mut self.staged).into_iter().map(Output::finish).collect()
    }

    fn finish(self, info: PackageInfo, payload: &Payload, warnings: Vec<String>) -> Result<Made> {
        let mut files = self.appear()?;
        let (file, size) = files.pop().unwrap_or_default();
        Ok(Made {
            file,
            size,
            sources: files.into_iter().map(|(path, _)| path).collect(),
            files: contents::paths(&info, payload),
            bytes: payload.bytes,
            info,
            warnings,
            template: None,
            signed_by: None,
        })
    }
}

/// The first one may have made the folder, which can only go once it is empty.
impl Drop for Files<'_> {
    fn drop(&mut self) {
        while self.staged.pop().is_some() {}
    }
}
