//! Where Secure Boot is on, a module whose key is not enrolled is told by whoever looks: the kernel would not load it.

use std::fs;

use serde_json::Value;

use crate::sandbox::{KERNEL, Ran, Sandbox};

/// A root like this machine's, with the sandbox's firmware and processes of its own: no container and no chroot.
const ROOT: &str = r#"
new=$SANDBOX/root && mkdir -p "$new" && mount -t tmpfs new "$new" || exit 90
for top in /*; do
    if [ -L "$top" ]; then cp -a "$top" "$new$top"
    elif [ -d "$top" ] && [ "$top" != /proc ] && [ "$top" != /sys ]; then
        mkdir "$new$top" && mount --rbind "$top" "$new$top" || exit 91
    fi
done
mkdir -p "$new/proc" "$new/sys/firmware" && mount -t proc proc "$new/proc" || exit 92
mount --bind "$SANDBOX/firmware" "$new/sys/firmware" || exit 93
exec chroot "$new" "$@"
"#;

/// The kernel takes signed modules only where Secure Boot is on; a module is built that is signed by the key that signs here.
fn machine() -> Sandbox {
    let s = Sandbox::new();
    s.without_rooms();
    let config = "CONFIG_MODULES=y\nCONFIG_SMP=y\nCONFIG_MODULE_UNLOAD=y\nCONFIG_MODULE_SIG=y\n\
                  CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y\nCONFIG_INTEGRITY_MACHINE_KEYRING=y\n";
    s.write(&format!("lib/modules/{KERNEL}/build/include/config/auto.conf"), config);
    s.write("signed.ko", "");
    fs::write(s.path("signed.ko"), include_bytes!("../fixtures/signatures/signed.ko")).expect("a module");
    fs::write(s.path("dkms/mok.pub"), CERTIFICATE).expect("a certificate");
    s.tool("make", "#!/bin/sh\ncp \"$SANDBOX/signed.ko\" foo.ko\n");
    s.source("foo", "1", "");
    fs::create_dir_all(s.path("firmware/efi/efivars")).expect("a folder");
    s
}

const CERTIFICATE: &[u8] = include_bytes!("../fixtures/signatures/signed.der");
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";

fn variable(s: &Sandbox, name: &str, vendor: &str, value: &[u8]) {
    let file = s.path(&format!("firmware/efi/efivars/{name}-{vendor}"));
    fs::write(file, [&[6, 0, 0, 0], value].concat()).expect("a variable");
}

/// EFI_SIGNATURE_LIST with one X.509 certificate (UEFI specification 2.10, 32.4.1).
fn list() -> Vec<u8> {
    let x509 = [0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72];
    let size = |bytes: usize| u32::try_from(bytes).expect("it is small").to_le_bytes();
    let (one, owner) = (16 + CERTIFICATE.len(), [0; 16]);
    [&x509[..], &size(28 + one), &size(0), &size(one), &owner, CERTIFICATE].concat()
}

fn root() -> [String; 8] {
    ["unshare", "--mount", "--pid", "--fork", "sh", "-c", ROOT, "root"].map(str::to_owned)
}

fn inside(s: &Sandbox, words: &[&str]) -> Ran {
    s.through(&root(), words)
}

#[test]
fn a_key_that_is_not_enrolled_is_told_by_check_status_and_events_and_only_with_secure_boot() {
    crate::sandbox::tools::needs!("unshare");
    let told = format!("foo/1 would not be loaded by {KERNEL}: this machine does not know its key");
    for (secure_boot, enrolled, is_lacking) in [(1, false, true), (0, false, false), (1, true, false)] {
        let s = machine();
        variable(&s, "SecureBoot", GLOBAL, &[secure_boot]);
        if enrolled {
            variable(&s, "MokListRT", SHIM, &list());
        }
        let what = format!("Secure Boot {secure_boot}, enrolled {enrolled}");
        let ran = inside(&s, &["install", "foo/1", "-k", KERNEL]);
        assert_eq!(ran.code, 0, "{what}: {ran:#?}");
        let check = inside(&s, &["check", "-k", KERNEL]);
        assert_eq!(check.code, if is_lacking { 2 } else { 0 }, "{what}: {check:#?}");
        let status = inside(&s, &["status"]);
        let event = s.event(&root(), &format!("kernel postinst {KERNEL} /boot/x"), None, &[]);
        for (name, ran) in [("check", &check), ("status", &status), ("event", &event)] {
            assert_eq!(ran.err.matches(&told).count(), usize::from(is_lacking), "{what}, {name}: {ran:#?}");
            assert_eq!(ran.err.contains("dkms mok status"), is_lacking, "{what}, {name}: {ran:#?}");
        }
        let document = inside(&s, &["check", "-k", KERNEL, "--json"]);
        let document: Value = serde_json::from_str(&document.out).expect("a document");
        let untrusted = document["untrusted"].as_array().expect("a list");
        assert_eq!(untrusted.len(), usize::from(is_lacking), "{what}: {document:#}");
    }
}

#[test]
fn what_mok_does_may_have_the_name_of_a_verb() {
    let s = machine();
    for words in ["mok", "mok status", "mok status -m foo", "help status"] {
        s.ok(words);
    }
    let ran = s.dkms("mok status status");
    assert_eq!(ran.code, 64, "{ran:?}");
    assert_eq!(s.dkms("mok build").code, 4, "two actions at once");
}

#[test]
fn a_second_pair_that_cannot_sign_is_told_by_what_is_wrong_with_its_settings() {
    let s = machine();
    for (settings, told) in [
        ("second_signing_key=/etc/a.key\n", "second key: second_signing_key and second_certificate belong together"),
        ("second_certificate=/etc/a.der\n", "second key: second_signing_key and second_certificate belong together"),
        ("second_signing_key=/etc/a.key\nsecond_certificate=/etc/a.der\n", "second key: /etc/a.key is missing"),
        ("second_signing_key=/etc/dkms\nsecond_certificate=/etc/a.der\n", "second key: /etc/dkms is no file"),
    ] {
        let ran = s.with_settings(settings, "mok status");
        assert!(ran.out.contains(told), "{settings}: {ran:#?}");
        let document: serde_json::Value =
            serde_json::from_str(&s.with_settings(settings, "mok status --json").out).expect("JSON");
        let problem = document["second_key"]["problem"].as_str().unwrap_or_default();
        assert!(!problem.is_empty() && ran.out.contains(problem), "{settings}: {document:#}");
    }
}

/// What dkms(8), SECURE BOOT, shows of `dkms mok`: an example for each block, with what is typed in its first line.
fn shown() -> Vec<(String, String)> {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/hooks/man/dkms.8.in");
    let manual = fs::read_to_string(manual).expect("the manual");
    let (_, section) = manual.split_once(".SH SECURE BOOT\n").expect("the section");
    let (section, _) = section.split_once("\n.SH ").expect("the next one");
    let plain = section.replace("\\-", "-");
    let blocks = plain.split(".EX\n# ").skip(1).filter_map(|block| block.split_once("\n.EE"));
    let parts = blocks.filter_map(|(block, _)| block.split_once('\n'));
    let of_mok = parts.filter(|(typed, _)| typed.starts_with("dkms mok"));
    of_mok.map(|(typed, said)| (typed.to_owned(), said.to_owned())).collect()
}

#[test]
fn what_the_manual_shows_is_what_mok_says() {
    crate::sandbox::tools::needs!("unshare");
    let s = machine();
    variable(&s, "SecureBoot", GLOBAL, &[1]);
    assert_eq!(inside(&s, &["install", "foo/1", "-k", KERNEL]).code, 0);
    let shown = shown();
    assert_eq!(shown.len(), 3);
    for (number, (typed, expected)) in shown.iter().enumerate() {
        if number == 1 {
            variable(&s, "MokListRT", SHIM, &list());
        }
        let words: Vec<&str> = typed.split(' ').skip(1).collect();
        let ran = inside(&s, &words);
        // Of two kernels one is enough, and what runs here is anything.
        let is_shown = |line: &&str| !line.starts_with("6.1.0-2") && !line.contains("the running kernel");
        let said = ran.out.lines().filter(is_shown).collect::<Vec<_>>().join("\n");
        let names = [
            (KERNEL, "6.12.9-amd64"),
            ("/dkms/mok", "/var/lib/dkms/mok"),
            ("ARCH", "x86_64"),
            ("a module signer of a test", "DKMS module signing key"),
        ];
        let said = names.iter().fold(said, |said, (here, there)| said.replace(here, there));
        assert_eq!(said, *expected, "{typed}: {ran:?}");
    }
}
