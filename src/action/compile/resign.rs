//! A build whose modules could not be signed, and can be now, or that another key has signed: signed as it is, not compiled
//! again.

use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::action::compile::finish::{Signatures, compress_all, sign_all};
use crate::action::compile::noted;
use crate::action::compile::prepared::Prepared;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::kernel::modinfo::read_module;
use crate::kernel::{ModInfo, Suffix, enforcement};
use crate::snapshot::inputs;
use crate::step::Switch;
use crate::sys::copy::copy_tree;
use crate::sys::fingerprint;
use crate::tree::records::{self, Fingerprint};

/// Signs what is built, if that is all that it lacks. None: it has to be built.
///
/// # Errors
///
/// It cannot be signed still: [`Kind::NotSigned`] where the kernel insists on it, else [`Kind::StaysUnsigned`], which is no
/// failure.
pub(super) fn sign_what_is_built(context: &Context<'_>, module: &Prepared<'_>) -> Option<Result<()>> {
    if context.policy.has(Switch::Force) {
        return None;
    }
    let layout = context.tree.layout();
    let can_be_better = |noted: &Fingerprint| {
        noted.unsigned.is_some() || inputs::have_other_certificates(&noted.inputs, &module.inputs)
    };
    let known = records::fingerprint(layout, module.id, module.target).filter(can_be_better)?;
    let place = layout.built(module.id, module.target);
    let is_as_noted = fingerprint::of_folder(&place.join("module")).ok() == known.digest;
    let is_current = inputs::same_but_signing(&known.inputs, &module.inputs);
    (is_as_noted && is_current).then(|| sign(context, module, &place, known))
}

fn sign(context: &Context<'_>, module: &Prepared<'_>, place: &Path, known: Fingerprint) -> Result<()> {
    let fail = |error| Error::io(format!("the signed modules of {} cannot be stored", module.id), error);
    let writer = context.lock.writer();
    let stage = writer.stage(module.id, module.target).map_err(fail)?;
    copy_tree(place, stage.folder()).map_err(fail)?;
    let files = unpack(&stage.modules()).map_err(fail)?;
    let signatures = sign_all(context, module, &files);
    if let Some(why) = signatures.missing() {
        return Err(still_unsigned(context, module, why));
    }
    compress_all(context, module, &files);
    let fingerprint = noted::fingerprint(context, module, &stage, &Signatures::There, known.room).map_err(fail)?;
    let fingerprint = Fingerprint { inputs: with_certificate(known.inputs, &fingerprint), ..fingerprint };
    writer.record(&fingerprint.instead_of_the_present(writer.layout())).map_err(fail)?;
    writer.publish(stage).map_err(fail)
}

/// What it was made from is as before, but for what signed it.
fn with_certificate(mut noted: inputs::Digests, now: &Fingerprint) -> inputs::Digests {
    let certificate = now.inputs.iter().filter(|(name, _)| inputs::is_signing(name));
    noted.extend(certificate.map(|(name, digest)| (name.clone(), digest.clone())));
    noted
}

/// Makes plain files without a signature of them: that of another key goes, and a signature comes before compression.
fn unpack(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((stem, suffix)) = Suffix::split(&name) else { continue };
        let plain = folder.join(format!("{stem}{}", Suffix::Plain.as_str()));
        let content = read_module(&file)?;
        let signed = ModInfo::parse(&content).ok().and_then(|info| info.signature);
        let unsigned = signed.map_or(content.len(), |signature| signature.unsigned);
        fs_err::write(&plain, content.get(..unsigned).unwrap_or(&content))?;
        if suffix != Suffix::Plain {
            fs_err::remove_file(&file)?;
        }
        files.push(plain);
    }
    files.sort();
    Ok(files)
}

fn still_unsigned(context: &Context<'_>, module: &Prepared<'_>, why: &str) -> Error {
    let text = format!("{} for {} stays unsigned: {why}", module.id, module.target);
    match enforcement::reason(context.system, module.target, &module.config) {
        Some(reason) => Error::new(Kind::NotSigned, format!("{text}; this kernel loads signed modules only: {reason}")),
        None => Error::new(Kind::StaysUnsigned, text),
    }
}
