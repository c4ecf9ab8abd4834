//! Builds whose modules could not be signed at first.

use super::*;
use crate::action::compile::resign::sign_what_is_built;

/// Fails while a file `fails` lies beside it; appends what ends a signed module.
const SIGN_FILE: &str = "#!/bin/sh
[ ! -e \"${0%/*}/fails\" ] || { echo '- SSL error:07880109:libcrypto' >&2; echo \"sign-file: $2\" >&2; exit 1; }
printf 'signature\\000\\000\\002\\000\\000\\000\\000\\000\\000\\000\\000\\011~Module signature appended~\\n' >>\"$4\"
";

/// A kernel that checks signatures, and a key.
fn site(more: &str) -> Site {
    let mut site = Site::new();
    let place = |name: &str| site.folder.join(name);
    fs_err::write(place("sign-file"), SIGN_FILE).unwrap();
    fs_err::set_permissions(place("sign-file"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["key", "certificate", "fails"] {
        fs_err::write(place(name), "").unwrap();
    }
    let text = |name: &str| Some(place(name).display().to_string());
    site.framework = Framework {
        try_sign: TrySign::Yes,
        sign_file: text("sign-file"),
        mok_signing_key: text("key"),
        mok_certificate: text("certificate"),
        ..keys::test_framework()
    };
    site.config = KernelConfig::parse(&format!("CONFIG_MODULE_SIG_HASH=\"sha256\"\n{more}"));
    site
}

fn is_signed(site: &Site) -> bool {
    crate::kernel::ModInfo::read(&site.built("module/b.ko")).unwrap().signature.is_some()
}

fn noted(site: &Site) -> Option<String> {
    records::fingerprint(site.tree.layout(), &site.id, &site.target).unwrap().unsigned
}

fn sign(site: &Site) -> Option<Result<()>> {
    site.with(sign_what_is_built)
}

#[test]
fn what_could_not_be_signed_is_built_and_noted_and_signed_as_soon_as_it_can_be() {
    let site = site("");
    site.build().unwrap();
    let why = noted(&site).unwrap();
    assert!(why.contains("key cannot be read as a private key"), "{why}");
    assert!(site.warnings().iter().all(|warning| !warning.contains("SSL")), "{:?}", site.warnings());
    let kind = sign(&site).unwrap().unwrap_err().kind();
    assert_eq!((kind, kind.is_no_failure(), is_signed(&site)), (Kind::StaysUnsigned, true, false));

    fs_err::remove_file(site.folder.join("fails")).unwrap();
    let site = site.make("exit 1");
    sign(&site).unwrap().unwrap();
    assert_eq!((is_signed(&site), noted(&site)), (true, None));
    assert!(sign(&site).is_none(), "there is nothing left to do");
}

#[test]
fn a_kernel_that_insists_on_signatures_makes_it_a_failure() {
    let site = site("CONFIG_MODULE_SIG_FORCE=y\n");
    site.build().unwrap();
    assert_eq!(sign(&site).unwrap().unwrap_err().kind(), Kind::NotSigned);
}

#[test]
fn what_was_changed_since_is_built_and_not_signed() {
    for change in ["source", "module"] {
        let mut site = site("");
        site.build().unwrap();
        match change {
            "source" => site.inputs.insert("source".to_owned(), "another".to_owned()).map(drop).unwrap(),
            _ => fs_err::write(site.built("module/b.ko"), "tampered").unwrap(),
        }
        assert!(sign(&site).is_none(), "{change}");
    }
}
