//! What is noted of a build: what it was made from, whether it is signed, and what it is known by.

use crate::action::Context;
use crate::action::compile::finish::Signatures;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::recipe;
use crate::snapshot::inputs::{self, Digests};
use crate::sys::room::Level;
use crate::tree::Stage;
use crate::tree::records::{self, Fingerprint};

/// What the staged build was made from. The first build that is signed makes the certificate.
pub(super) fn fingerprint(
    context: &Context<'_>,
    module: &Prepared<'_>,
    stage: &Stage,
    signatures: &Signatures,
    room: Option<Level>,
) -> std::io::Result<Fingerprint> {
    let mut inputs = module.inputs.clone();
    inputs::add_certificate(&mut inputs, &context.view(), module.target, &module.config)?;
    // What could not be signed is not kept: the next build may be luckier.
    let key = recipe::key(module, &inputs).filter(|_| !matches!(signatures, Signatures::Failed(_)));
    let unsigned = signatures.missing().map(str::to_owned);
    Ok(Fingerprint { key, unsigned, room, ..Fingerprint::of(module.id, module.target, stage.folder(), inputs) })
}

/// A POST_BUILD script may have changed the modules, and has a right to.
pub(super) fn renew_digest(context: &Context<'_>, module: &Prepared<'_>) -> std::io::Result<()> {
    let writer = context.lock.writer();
    if module.conf.scripts.post_build.is_none() {
        return Ok(());
    }
    let Some(note) = records::one::<Fingerprint>(writer.layout(), module.id, Some(module.target)) else {
        return Ok(());
    };
    let place = writer.layout().built(module.id, module.target);
    let now = Fingerprint::of(module.id, module.target, &place, Digests::new());
    writer.record(&Fingerprint { stamp: now.stamp, digest: now.digest, ..note })
}
