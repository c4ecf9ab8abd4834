//! What becomes of signatures from outside: modules of an image, which has no key, are signed where they run.

use std::fs;

use crate::sandbox::{KERNEL, SECOND, Sandbox};

/// Appends what ends a signed module, and says that it did.
const SIGN_FILE: &str = "#!/bin/sh
echo \"$4\" >>\"$SANDBOX/signed\"
printf 'signature\\000\\000\\002\\000\\000\\000\\000\\000\\000\\000\\000\\011~Module signature appended~\\n' >>\"$4\"
";

/// A make that counts its runs besides.
const MAKE: &str = "#!/bin/sh
echo built >>\"$SANDBOX/built\"
. elf.sh
for source in *.c; do { elf; cat \"$source\"; } >\"${source%.c}.ko\"; done
";

/// Kernels that check signatures, and what signs for them.
pub(super) fn machine() -> (Sandbox, String) {
    let s = Sandbox::new();
    s.tool("make", MAKE);
    s.tool("sign-file", SIGN_FILE);
    for kernel in [KERNEL, SECOND] {
        let config = format!("lib/modules/{kernel}/build/include/config/auto.conf");
        s.write(&config, "CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_HASH=\"sha256\"\n");
    }
    // Its beginning and its end are all that is looked at before the program that signs has it.
    s.write("key", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    s.write("certificate", "");
    let place = |name: &str| s.path(name).display().to_string();
    let settings = format!(
        "sign_file={}\nmok_signing_key={}\nmok_certificate={}\n",
        place("bin/sign-file"),
        place("key"),
        place("certificate")
    );
    s.without_rooms();
    s.source("foo", "1", "");
    (s, settings)
}

fn lines(s: &Sandbox, file: &str) -> usize {
    fs::read_to_string(s.path(file)).unwrap_or_default().lines().count()
}

pub(super) fn is_signed(s: &Sandbox, kernel: &str) -> bool {
    let module = fs::read(s.path(&format!("lib/modules/{kernel}/updates/dkms/foo.ko"))).expect("it is installed");
    module.ends_with(b"~Module signature appended~\n")
}

#[test]
fn what_an_image_left_unsigned_is_signed_at_the_first_boot_and_not_compiled_again() {
    let (s, settings) = machine();
    let image = [("FAKECHROOT", "true")];
    let made = s.with_settings_and(&settings, &image, &format!("install foo/1 -k {KERNEL} -k {SECOND}"));
    assert_eq!(made.code, 0, "{made:#?}");
    assert_eq!((lines(&s, "built"), lines(&s, "signed")), (2, 0));
    // Nothing changes as long as it is an image, whatever is asked.
    for line in ["event start", "reconcile"] {
        let again = s.with_settings_and(&settings, &image, line);
        assert_eq!((again.code, lines(&s, "built"), lines(&s, "signed")), (0, 2, 0), "{line}: {again:#?}");
    }
    // Where the tests run may be a container itself, which is as good as an image.
    let settings = settings + "try_sign_modules=true\n";
    let boot = s.with_settings(&settings, "event start");
    assert_eq!(boot.code, 0, "{boot:#?}");
    assert_eq!((lines(&s, "built"), lines(&s, "signed")), (2, 2), "{boot:#?}");
    assert!(is_signed(&s, KERNEL) && is_signed(&s, SECOND));
    let again = s.with_settings(&settings, "event start");
    assert_eq!((again.code, lines(&s, "built"), lines(&s, "signed")), (0, 2, 2), "{again:#?}");
    assert_eq!(s.with_settings(&settings, "fsck").code, 0);
}

#[test]
fn no_option_puts_an_unsigned_module_where_the_kernel_insists_on_signatures() {
    let (s, settings) = machine();
    let config = format!("lib/modules/{KERNEL}/build/include/config/auto.conf");
    let now = fs::read_to_string(s.path(&config)).expect("its configuration");
    s.write(&config, &(now + "CONFIG_MODULE_SIG_FORCE=y\n"));
    let [signing, not] = ["true", "false"].map(|value| format!("{settings}try_sign_modules={value}\n"));
    assert_eq!(s.with_settings(&signing, &format!("install foo/1 -k {KERNEL}")).code, 0);
    assert_eq!(s.with_settings(&not, &format!("build foo/1 -k {KERNEL} --force")).code, 0);
    for option in ["--force", "--rpm_safe_upgrade --force", "--force-version-override --force"] {
        let installed = s.with_settings(&not, &format!("install foo/1 -k {KERNEL} {option}"));
        assert_ne!(installed.code, 0, "{option}: {installed:#?}");
        assert!(installed.err.contains("not signed"), "{option}: {installed:#?}");
        assert!(is_signed(&s, KERNEL), "{option}");
    }
    // One version over another asks the same.
    s.source("foo", "2", "");
    assert_eq!(s.with_settings(&not, &format!("build foo/2 -k {KERNEL}")).code, 0);
    for option in ["", "--force", "--rpm_safe_upgrade"] {
        let installed = s.with_settings(&not, &format!("install foo/2 -k {KERNEL} {option}"));
        assert_ne!(installed.code, 0, "{option}: {installed:#?}");
        assert!(is_signed(&s, KERNEL), "{option}");
    }
}

#[test]
fn what_a_kernel_refused_unsigned_is_signed_and_installed_when_asked_for_again() {
    let (s, settings) = machine();
    let config = format!("lib/modules/{KERNEL}/build/include/config/auto.conf");
    let now = fs::read_to_string(s.path(&config)).expect("its configuration");
    s.write(&config, &(now + "CONFIG_MODULE_SIG_FORCE=y\n"));
    let settings = format!("{settings}try_sign_modules=true\n");
    s.tool("sign-file", "#!/bin/sh\nexit 1\n");
    let line = format!("install foo/1 -k {KERNEL}");
    assert_eq!(s.with_settings(&settings, &line).code, 6);
    s.tool("sign-file", SIGN_FILE);
    let again = s.with_settings(&settings, &line);
    assert_eq!(again.code, 0, "{again:#?}");
    assert_eq!((lines(&s, "built"), is_signed(&s, KERNEL)), (1, true), "signed as it is");
}

#[test]
fn another_key_signs_what_is_built_and_builds_nothing() {
    let (s, settings) = machine();
    let settings = format!("{settings}try_sign_modules=true\n");
    for file in ["key", "certificate"] {
        fs::remove_file(s.path(file)).expect("it was there");
    }
    let made = s.with_settings(&settings, &format!("install foo/1 -k {KERNEL} -k {SECOND}"));
    assert_eq!((made.code, lines(&s, "built"), lines(&s, "signed")), (0, 2, 2), "{made:#?}");
    let before = fs::read(s.path("certificate")).expect("it was made");
    let rotated = s.with_settings(&settings, "mok rotate");
    assert_eq!((rotated.code, lines(&s, "built"), lines(&s, "signed")), (0, 2, 4), "{rotated:#?}");
    assert_eq!(fs::read(s.path("certificate.old")).expect("the old one stays"), before);
    assert_ne!(fs::read(s.path("certificate")).expect("the new one"), before);
    let module = fs::read(s.path(&format!("lib/modules/{KERNEL}/updates/dkms/foo.ko"))).expect("it is installed");
    let marks = module.windows(28).filter(|part| part == b"~Module signature appended~\n").count();
    assert_eq!(marks, 1, "the signature of the old key is gone");
}
