use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::action::compile::keys::test_framework as framework;
use crate::conf::TrySign;

fn root(os_release: &str, programs: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(root.path().join("etc")).unwrap();
    fs_err::create_dir_all(root.path().join("var/lib/dkms")).unwrap();
    fs_err::write(root.path().join("etc/os-release"), os_release).unwrap();
    for program in programs {
        let file = root.path().join(&program[1..]);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, "#!/bin/sh\n").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    root
}

fn ask<T>(root: &Path, framework: &Framework, config: &str, answer: impl Fn(&System, &Question<'_>) -> T) -> T {
    let environment = BTreeMap::from([("PATH".into(), "/usr/bin".into())]);
    let system = System::host().with_root(root).with_environment(environment);
    let layout = Layout::new(root, "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), "/lib/modules".as_ref());
    let kernel = KernelRelease::new("6.1.0-50-amd64").unwrap();
    let config = KernelConfig::parse(config);
    let headers = Path::new("/lib/modules/6.1.0-50-amd64/build");
    answer(&system, &Question { framework, layout: &layout, kernel: &kernel, config: &config, headers })
}

const HEADERS: &str = "/lib/modules/6.1.0-50-amd64/build/scripts/sign-file";
const KBUILD: &str = "/usr/lib/linux-kbuild-6.1/scripts/sign-file";
const KMODSIGN: &str = "/usr/bin/kmodsign";

#[test]
fn the_program_is_the_distributions_then_the_headers() {
    let cases = [
        ("ID=debian\n", &[HEADERS, KBUILD, KMODSIGN][..], Some(KBUILD)),
        ("ID=raspbian\nID_LIKE=debian\n", &[HEADERS, KBUILD], Some(KBUILD)),
        ("ID=debian\n", &[HEADERS], Some(HEADERS)),
        ("ID=ubuntu\nID_LIKE=debian\n", &[HEADERS, KBUILD, KMODSIGN], Some("kmodsign")),
        ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", &[HEADERS, KMODSIGN], Some("kmodsign")),
        ("ID=ubuntu\nID_LIKE=debian\n", &[HEADERS, KBUILD], Some(HEADERS)),
        ("ID=fedora\n", &[HEADERS, KBUILD, KMODSIGN], Some(HEADERS)),
        ("ID=fedora\n", &[KBUILD, KMODSIGN], None),
        ("", &[HEADERS], Some(HEADERS)),
    ];
    for (os_release, programs, expected) in cases {
        let root = root(os_release, programs);
        let found = ask(root.path(), &framework(), "", |system, question| find_program(system, question).ok());
        assert_eq!(found.as_deref(), expected, "{os_release} {programs:?}");
    }
}

#[test]
fn a_configured_program_is_the_only_candidate() {
    let root = root("ID=debian\n", &[HEADERS, KBUILD, "/opt/sign-6.1.0-50-amd64"]);
    let with = |file: &str| Framework { sign_file: Some(file.to_owned()), ..framework() };
    let found = ask(root.path(), &with("/opt/sign-$kernelver"), "", find_program);
    assert_eq!(found.as_deref(), Ok("/opt/sign-6.1.0-50-amd64"));
    assert!(ask(root.path(), &with("/opt/gone"), "", find_program).is_err());
}

#[test]
fn unwanted_signatures_are_told_from_failed_ones() {
    let root = root("ID=fedora\n", &[]);
    let config = "CONFIG_MODULE_SIG_HASH=\"sha512\"\n";
    let with = |try_sign| Framework { try_sign, ..framework() };
    let cases = [
        (with(TrySign::No), config, "unwanted"),
        (with(TrySign::NotInChroot), config, "unwanted"),
        (with(TrySign::Yes), "CONFIG_MODULE_SIG=n\n", "unasked"),
        (with(TrySign::Yes), config, "failed"),
    ];
    for (framework, config, expected) in cases {
        let why = match ask(root.path(), &framework, config, Signer::prepare) {
            Ok(_) => "signed",
            Err(Unsigned::Unwanted(_)) => "unwanted",
            Err(Unsigned::Unasked) => "unasked",
            Err(Unsigned::Failed(_)) => "failed",
        };
        assert_eq!(why, expected, "{:?} {config}", framework.try_sign);
    }
    assert!(!root.path().join("var/lib/dkms/mok.key").exists(), "no key is made for nothing");
}

#[test]
fn what_openssl_says_is_told_in_a_few_words() {
    let key = "/var/lib/dkms/mok.key";
    for (said, expected) in [
        (
            "At main.c:174:\n- SSL error:1C80009F:unable to get passphrase: x.c:96\nsign-file: KEY\n",
            "locked by a passphrase",
        ),
        (
            "At main.c:174:\n- SSL error:0480006C:no start line\nsign-file: KEY\n",
            "mok.key cannot be read as a private key",
        ),
        ("- SSL error:x\nsign-file: /var/lib/dkms/mok.pub\n", "mok.pub cannot be read as a certificate"),
        ("- SSL error:05800074:key values mismatch: x.c\nsign-file: CMS_add1_signer\n", "mok.pub are no pair"),
        ("sign-file: a.ko: No space left on device\n", "no space is left"),
        ("who knows\n", "who knows"),
        ("- SSL error:x\n", "does not say why"),
    ] {
        let said = said.replace("KEY", key);
        for (maker, is_made_by_us) in [(Maker::Dkms, true), (Maker::Owner, false)] {
            let pair = KeyFiles { key: key.to_owned(), certificate: "/var/lib/dkms/mok.pub".to_owned(), maker };
            let told = cause(&said, &pair).unwrap_or_else(|last| last.unwrap_or("it does not say why").to_owned());
            assert!(told.contains(expected) && !told.contains("SSL") && !told.contains('\n'), "{told}");
            let is_offered = told.contains("put the right pair there");
            assert_eq!(told.contains("generate_mok"), is_offered && is_made_by_us, "{told}");
        }
    }
}

#[test]
fn the_hash_is_the_configurations_and_the_key_is_made_once() {
    let root = root("ID=fedora\n", &[HEADERS]);
    let prepare = || ask(root.path(), &framework(), "CONFIG_MODULE_SIG_HASH=\"sha512\"\n", Signer::prepare).unwrap();
    let first = prepare();
    assert_eq!((first.hash.as_str(), first.program.as_str()), ("sha512", HEADERS));
    assert_eq!((first.certificate(), first.key), ("/var/lib/dkms/mok.pub", Ensured::Made));
    assert_eq!(prepare().key, Ensured::Present);
}

#[test]
fn versions_of_kernels_are_cut_after_the_second_number() {
    for (release, expected) in [("6.1.0-50-amd64", "6.1"), ("6.12.117+deb12-amd64", "6.12"), ("7.0-rc1", "7.0")] {
        assert_eq!(major_minor(&KernelRelease::new(release).unwrap()), expected);
    }
}
