//! With which key the modules of a cell are signed, and whether they are: the key of a cell names its certificate, so what bears
//! no signature of it must not be found under that key.

use std::io;
use std::path::Path;

use fs_err as fs;
use sha2::{Digest, Sha256};

use super::cell::Wanted;
use crate::action::compile::keys::without_pins;
use crate::conf::signing::{self, Pairs};
use crate::engine::app::App;
use crate::kernel::ModInfo;
use crate::kernel::modinfo::read_module;
use crate::report::Reporter;
use crate::sys::fingerprint::hex;
use crate::sys::fs::copy_atomically;
use crate::trust::certificate::Certificate;
use crate::trust::signed::{Intact, Signed};

/// The part of a key that names the certificate.
pub(super) const PART: &str = "signing certificate";
/// Its value where nothing signs.
const NONE: &str = "none";

/// The value of that part, on this host.
pub(super) fn part(app: &App, wanted: &Wanted) -> String {
    let digest = |bytes: &Vec<u8>| hex(Sha256::digest(bytes));
    let digests = certificates(app, wanted).map(|all| all.iter().map(digest).collect::<Vec<_>>().join(" "));
    digests.unwrap_or_else(|| NONE.to_owned())
}

/// Whether the modules of this cell are to be signed.
pub(super) fn is_wanted(wanted: &Wanted) -> bool {
    wanted.parts.0.get(PART).is_some_and(|certificate| certificate != NONE)
}

/// Says once where kernels take signatures and nothing here makes them.
pub(super) fn tell(app: &App, cells: &[&Wanted]) {
    let lacks = |wanted: &&&Wanted| wanted.compiler.takes_signatures && !is_wanted(wanted);
    let Some(cell) = cells.iter().find(lacks).filter(|_| signing::unwanted(&app.system, &app.framework).is_none())
    else {
        return;
    };
    let why = obstacle(app, &pairs(app, cell));
    app.reporter.note(format!("modules are not signed: {}", without_pins(&why)));
}

/// What stands in the way of signing, and what helps.
fn obstacle(app: &App, pairs: &Pairs) -> String {
    if let Some(Err(error)) = pairs.second.as_ref().map(|second| second.ensure(&app.system)) {
        return error.to_string();
    }
    match pairs.all().find(|files| files.is_locked(&app.system)) {
        Some(files) => format!("{} is locked by a passphrase, or no private key in PEM", files.key),
        None => format!("there is no pair of key ({}) and certificate; `dkms generate_mok` makes one", pairs.first.key),
    }
}

/// The key that lies in this host's tree, in the tree that is thrown away.
pub(super) fn lay_key(app: &App, wanted: &Wanted, tree: &Path) -> io::Result<()> {
    fs::create_dir_all(tree)?;
    if !is_wanted(wanted) {
        return Ok(());
    }
    for file in pairs(app, wanted).all().flat_map(|files| [&files.key, &files.certificate]) {
        let place = Path::new(file);
        if let (Ok(name), true) = (place.strip_prefix(app.tree.layout().tree_name()), app.system.path(place).is_file())
        {
            copy_atomically(&app.system.path(place), &tree.join(name), 0o600)?;
        }
    }
    Ok(())
}

/// Why the modules in this folder are not what the key of their cell says.
pub(super) fn problem(app: &App, wanted: &Wanted, modules: &Path) -> Option<String> {
    if !is_wanted(wanted) {
        return None;
    }
    let unsigned = |why: &str| Some(format!("its modules could not be signed: {why}"));
    let Some(certificates) = certificates(app, wanted) else {
        return unsigned("the pair of key and certificate has gone");
    };
    // A certificate of a kind that we cannot read is the signing program's.
    let certificates: Vec<_> = certificates.iter().filter_map(|bytes| Certificate::parse(bytes).ok()).collect();
    let files = fs::read_dir(modules).ok()?.flatten().map(|entry| entry.path());
    files.into_iter().find_map(|file| {
        let content = read_module(&file).ok()?;
        let info = ModInfo::parse(&content).ok()?;
        let signatures = match Signed::all_of(&content, &info) {
            Ok(all) if all.is_empty() => {
                return unsigned("the program that signs failed, and said why in the output of this run");
            }
            Ok(all) => all,
            Err(why) => return unsigned(&why),
        };
        certificates.iter().find_map(|certificate| match signatures.iter().find(|signed| signed.is_by(certificate)) {
            None => unsigned("their signature is of another key"),
            Some(signed) if signed.check(&content, certificate) == Intact::No => {
                unsigned("key and certificate are no pair")
            }
            Some(_) => None,
        })
    })
}

/// The certificates of the keys that sign the modules of this cell.
fn certificates(app: &App, wanted: &Wanted) -> Option<Vec<Vec<u8>>> {
    if !wanted.compiler.takes_signatures || signing::unwanted(&app.system, &app.framework).is_some() {
        return None;
    }
    let pairs = pairs(app, wanted);
    // One that is missing is made where it signs, and a key that is made for a cell goes with it.
    let is_there = pairs.first.missing(&app.system).is_none();
    let read = pairs.certificates().map(|file| fs::read(app.system.path(file)).ok());
    read.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty() && is_there && pairs.look_usable(&app.system))
}

fn pairs(app: &App, wanted: &Wanted) -> Pairs {
    Pairs::locate(&app.system, &app.framework, app.tree.layout(), Some(&wanted.target.kernel))
}
