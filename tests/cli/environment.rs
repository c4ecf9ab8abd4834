//! What builds and scripts find of the caller's environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{KERNEL, Sandbox};

/// What the caller has set for others: an outer make, a cross compiler, a person's shell.
const ACCIDENTS: [&str; 12] = [
    "ARCH=arm",
    "CC=false",
    "CROSS_COMPILE=arm-",
    "GIT_DIR=/elsewhere",
    "INSTALL_MOD_PATH=/elsewhere",
    "KBUILD_OUTPUT=/elsewhere",
    "KCFLAGS=-O9",
    "LD_LIBRARY_PATH=/elsewhere",
    "MAKEFILES=/elsewhere/Makefile",
    "MAKEFLAGS= -- KDIR=/elsewhere CC=false",
    "O=/elsewhere",
    "PERL5LIB=/elsewhere",
];

/// A make and a POST_INSTALL that write down what they find.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool("make", "#!/bin/sh\nenv >\"$SANDBOX/make-found\"\n. elf.sh\nelf >foo.ko\n");
    sandbox.source("foo", "1", "POST_INSTALL=post.sh\n");
    sandbox.write("src/foo-1/post.sh", "#!/bin/sh\nenv >\"$SANDBOX/script-found\"\n");
    fs::set_permissions(sandbox.path("src/foo-1/post.sh"), fs::Permissions::from_mode(0o755)).expect("its mode");
    sandbox
}

fn found(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let text = fs::read_to_string(sandbox.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_that_is_meant_for_other_programs_reaches_a_build_or_a_script_and_verbose_names_it() {
    let sandbox = machine();
    let wrapper: Vec<String> =
        ["env", "DPKG_MAINTSCRIPT_PACKAGE=foo", "LANG=de_DE"].into_iter().chain(ACCIDENTS).map(str::to_owned).collect();
    let ran = sandbox.through(&wrapper, &["install", "foo/1", "-k", KERNEL, "--verbose"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for file in ["make-found", "script-found"] {
        let found = found(&sandbox, file);
        for name in ACCIDENTS.map(|accident| accident.split('=').next().unwrap_or_default()) {
            assert!(!found.iter().any(|line| line.starts_with(&format!("{name}="))), "{name} in {file}: {found:#?}");
            assert!(ran.out.contains(&format!(" {name} ")), "{name} is not named: {}", ran.out);
        }
        for own in ["module=foo".to_owned(), "module_version=1".to_owned(), format!("kernelver={KERNEL}")] {
            assert!(found.contains(&own), "{own} in {file}: {found:#?}");
        }
    }
    // A script talks to the person and to the package manager; the log of a build is read by programs.
    let script = found(&sandbox, "script-found");
    assert!(script.contains(&"LANG=de_DE".to_owned()) && script.contains(&"DPKG_MAINTSCRIPT_PACKAGE=foo".to_owned()));
    let make = found(&sandbox, "make-found");
    assert!(make.contains(&"LANG=C".to_owned()) && !make.iter().any(|line| line.starts_with("DPKG_")), "{make:#?}");
}

/// What would reach tools by accident: code and options of somebody else's, and a folder that is not there.
const HOSTILE: [(&str, &str); 6] = [
    ("LD_PRELOAD", "/nowhere/evil.so"),
    ("KCFLAGS", "-O9"),
    ("TMPDIR", "/nowhere"),
    ("BASH_ENV", "/nowhere/evil.sh"),
    ("MODPROBE_OPTIONS", "--force"),
    ("PERL5LIB", "/nowhere"),
];

/// A tool that writes down what it finds, and then does this.
fn telling(sandbox: &Sandbox, name: &str, then: &str) {
    sandbox.tool(name, &format!("#!/bin/sh\nenv >\"$SANDBOX/{name}-found\"\n{then}\n"));
}

#[test]
fn what_a_caller_has_set_reaches_no_tool_that_is_run_besides() {
    let sandbox = machine();
    telling(&sandbox, "depmod", "");
    telling(&sandbox, "strip", "");
    telling(&sandbox, "xz", "exec /usr/bin/xz \"$@\"");
    telling(&sandbox, "update-initramfs", "");
    telling(&sandbox, "lsinitramfs", "echo usr/lib/modules/6.1.0-1/updates/dkms/foo.ko");
    let signature =
        "printf 's\\000\\000\\002\\000\\000\\000\\000\\000\\000\\000\\000\\001~Module signature appended~\\n' >>\"$4\"";
    telling(&sandbox, "sign-file", signature);
    let config = "CONFIG_MODULES=y\nCONFIG_MODULE_SIG_HASH=\"sha256\"\nCONFIG_MODULE_COMPRESS_XZ=y\n";
    sandbox.write(&format!("lib/modules/{KERNEL}/build/include/config/auto.conf"), config);
    sandbox.write("src/foo-1/dkms.conf", &strips(&sandbox));
    sandbox.write("key", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    sandbox.write("certificate", "");
    sandbox.write(&format!("boot/initrd.img-{KERNEL}"), "");
    let place = |name: &str| sandbox.path(name).display().to_string();
    let settings = format!(
        "sign_file={}\nmok_signing_key={}\nmok_certificate={}\ntry_sign_modules=true\ncompress_xz_opts=-6\n",
        place("bin/sign-file"),
        place("key"),
        place("certificate")
    );
    let added = sandbox.with_settings(&settings, "add foo/1");
    assert_eq!(added.code, 0, "{added:#?}");
    let ran = sandbox.with_settings_and(&settings, &HOSTILE, "event dpkg-self postinst triggered /usr/src");
    assert_eq!(ran.code, 0, "{ran:#?}");
    for tool in ["make", "strip", "sign-file", "xz", "depmod", "update-initramfs", "lsinitramfs"] {
        let found = found(&sandbox, &format!("{tool}-found"));
        for (name, value) in HOSTILE {
            let reached = found.contains(&format!("{name}={value}"));
            assert!(!reached, "{name} reaches {tool}: {found:#?}");
        }
        assert!(found.iter().any(|line| line.starts_with("PATH=")), "{tool}: {found:#?}");
    }
}

/// The dkms.conf of the source, which leaves modules as they are, changed so that they are stripped.
fn strips(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("src/foo-1/dkms.conf")).expect("its dkms.conf").replace("STRIP=no", "STRIP=yes")
}
