//! The properties that every package has, one test for each, in both formats where both have them.

use std::os::unix::fs::PermissionsExt;

use super::{DEB, RPM, Workshop, needs, said, tool};

/// What `rpm -qp --qf` says.
#[track_caller]
fn rpm(file: &std::path::Path, format: &str) -> String {
    said("rpm", &["-qp", "--qf", format], file)
}

/// A field of the control file; empty when it has none of this name.
#[track_caller]
fn field(file: &std::path::Path, name: &str) -> String {
    let text = said("dpkg-deb", &["-f"], file);
    text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned)).unwrap_or_default()
}

#[test]
fn owners_and_modes_are_plain_whatever_the_source_had() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let set = |name: &str, mode| {
        let file = workshop.path("demo-v1.2").join(name);
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set("run.sh", 0o4775);
    set("odd.h", 0o600);
    set("blob.o_shipped", 0o444);
    std::fs::set_permissions(workshop.path("demo-v1.2/include"), std::fs::Permissions::from_mode(0o1777)).unwrap();
    for (verb, name, words) in [("mkdeb", DEB, ["dpkg-deb", "-c"]), ("mkrpm", RPM, ["rpm", "-qplv"])] {
        let made = workshop.dkms(&[verb, "demo-v1.2", "--version", "v1.2"]);
        assert!(made.status.success(), "{made:?}");
        let listing = said(words[0], &words[1..], &workshop.path(name));
        let mode = |file: &str| {
            let line = listing.lines().find(|line| line.trim_end_matches('/').ends_with(&format!("Demo_x-v1.2{file}")));
            line.unwrap_or_else(|| panic!("{file} in {listing}")).split_whitespace().next().unwrap().to_owned()
        };
        let expected = [
            ("", "drwxr-xr-x"),
            ("/include", "drwxr-xr-x"),
            ("/run.sh", "-rwxr-xr-x"),
            ("/odd.h", "-rw-r--r--"),
            ("/blob.o_shipped", "-rw-r--r--"),
        ];
        for (file, wanted) in expected {
            assert_eq!(mode(file), wanted, "{verb} {file}");
        }
        let root = |line: &str| line.contains(" root/root ") || line.contains(" root     root ");
        assert!(listing.lines().all(root), "{listing}");
    }
}

#[test]
fn a_package_of_another_name_excludes_the_first_one() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &["--package-name", "demo-1-dkms"], "demo-1-dkms_1.2-1_all.deb");
    assert_eq!(field(&file, "Conflicts"), "demo-x-modules");
    let file = workshop.package("mkrpm", &["--package-name", "Demo-1-dkms"], "Demo-1-dkms-1.2-1.noarch.rpm");
    assert_eq!(rpm(&file, "[%{CONFLICTNAME}]"), "dkms-Demo_x");
}

#[test]
fn version_epoch_and_release_are_what_was_asked_for() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let words = ["--package-version", "3.5~rc2", "--epoch", "2", "--release", "4"];
    let file = workshop.package("mkdeb", &words, "demo-x-dkms_3.5~rc2-4_all.deb");
    assert_eq!(field(&file, "Version"), "2:3.5~rc2-4");
    let file = workshop.package("mkrpm", &words, "Demo_x-dkms-3.5~rc2-4.noarch.rpm");
    assert_eq!(rpm(&file, "%{EPOCH}:%{VERSION}-%{RELEASE}"), "2:3.5~rc2-4");
}

#[test]
fn headers_are_recommended_as_each_family_calls_them() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let recommends = |words: &[&str], name: &str| {
        let file = workshop.package("mkrpm", words, name);
        rpm(&file, "[%{RECOMMENDNAME}\\n]").replace("(none)\n", "")
    };
    let cases: [(&[&str], &str, &str); 5] = [
        (&[], RPM, ""),
        (&["--for", "portable", "--force"], RPM, ""),
        (&["--for", "el8"], "Demo_x-dkms-1.2-1.el8.noarch.rpm", "(kernel-devel if kernel-core)"),
        (&["--for", "el9"], "Demo_x-dkms-1.2-1.el9.noarch.rpm", "(kernel-devel-matched if kernel-core)"),
        (&["--for", "sles15"], "Demo_x-dkms-1.2-1.sles15.noarch.rpm", "(kernel-default-devel if kernel-default)"),
    ];
    for (words, name, first) in cases {
        let found = recommends(words, name);
        // rpm shows them sorted.
        assert!(found.is_empty() == first.is_empty() && found.contains(first), "{words:?}: {found}");
    }
    let file = workshop.package("mkdeb", &["--for", "debian12"], "demo-x-dkms_1.2-1~deb12_all.deb");
    assert_eq!(field(&file, "Recommends"), "linux-headers-generic | linux-headers-amd64 | linux-headers");
}

#[test]
fn relations_of_all_kinds_are_taken_and_old_names_are_replaced() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let words = [
        "--requires",
        "firmware-demo >= 3",
        "--recommends",
        "demo-tools, demo-doc",
        "--suggests",
        "demo-gui",
        "--provides",
        "demo-driver = 1.2",
        "--conflicts",
        "demo-ng",
        "--obsoletes",
        "demo-ancient < 1",
        "--replaces",
        "demo-old<1.0",
    ];
    let file = workshop.package("mkdeb", &words, DEB);
    let found = |name| field(&file, name);
    assert_eq!(found("Depends"), "dkms, firmware-demo (>= 3)");
    assert!(found("Recommends").ends_with(", demo-tools, demo-doc"), "{}", found("Recommends"));
    assert_eq!((found("Suggests"), found("Conflicts")), ("demo-gui".into(), "demo-ng".into()));
    assert_eq!(found("Breaks"), "demo-ancient (<< 1), demo-old (<< 1.0)");
    assert_eq!(found("Replaces"), "demo-ancient (<< 1), demo-old (<< 1.0)");
    assert_eq!(found("Provides"), "demo-x-modules (= 1.2-1), demo-driver (= 1.2), demo-old (= 1.2-1)");
    let file = workshop.package("mkrpm", &[&words[..], &["--supplements", "demo-board"]].concat(), RPM);
    let obsoletes = rpm(&file, "[%{OBSOLETENEVRS} ]");
    assert_eq!(obsoletes, "demo-ancient < 1 demo-old < 1.0 ");
    let provides = rpm(&file, "[%{PROVIDENEVRS}\n]");
    for line in ["demo-driver = 1.2", "demo-old = 1.2-1", "dkms-Demo_x = 1.2-1", "Demo_x-kmod = 1.2-1"] {
        assert!(provides.lines().any(|found| found == line), "{line} in {provides}");
    }
    let weak = rpm(&file, "[%{RECOMMENDNAME} ][%{SUGGESTNAME} ][%{SUPPLEMENTNAME} ][%{CONFLICTNAME} ]");
    assert_eq!(weak, "demo-doc demo-tools demo-gui demo-board demo-ng ");
    assert!(rpm(&file, "[%{REQUIRENEVRS}\n]").contains("firmware-demo >= 3\n"));
}

#[test]
fn a_changelog_is_read_in_any_style_and_written_in_that_of_the_format() {
    needs!("dpkg-deb", "rpm", "zcat");
    let workshop = Workshop::new();
    let text = "# Changes\n\n## 1.2 - 2023-11-14\n- Works.\n\n## 1.1 - 2023-01-02\n- Does not.\n";
    std::fs::write(workshop.path("CHANGES"), text).unwrap();
    let file = workshop.package("mkrpm", &["--changelog", "CHANGES"], RPM);
    let told = said("rpm", &["-qp", "--changelog"], &file);
    let person = "A Writer <writer@example.org>";
    let expected =
        format!("* Tue Nov 14 2023 {person} - 1.2-1\n- Works.\n\n* Mon Jan 02 2023 {person} - 1.1\n- Does not.");
    assert_eq!(told.trim(), expected);
    let file = workshop.package("mkdeb", &["--changelog", "CHANGES"], DEB);
    let out = workshop.path("out");
    said("dpkg-deb", &["-x", file.to_str().unwrap()], &out);
    let told = said("zcat", &[], &out.join("usr/share/doc/demo-x-dkms/changelog.Debian.gz"));
    assert!(told.starts_with("demo-x-dkms (1.2-1) unstable; urgency=medium\n\n  * Works.\n\n -- A Writer"), "{told}");
    assert!(told.contains("\ndemo-x-dkms (1.1) unstable"), "{told}");
    let refused = workshop.dkms(&["mkdeb", "demo-v1.2.tar.gz", "--force", "--changelog", "nowhere"]);
    assert_eq!(refused.status.code(), Some(74));
}

#[test]
fn the_compression_is_the_formats_own_unless_another_is_chosen() {
    needs!("rpm", "ar");
    let workshop = Workshop::new();
    for (words, expected) in
        [(vec![], "zstd 3"), (vec!["--for", "portable"], "gzip 9"), (vec!["--compress", "gzip"], "gzip 9")]
    {
        let file = workshop.package("mkrpm", &[&words[..], &["--force"]].concat(), RPM);
        assert_eq!(rpm(&file, "%{PAYLOADCOMPRESSOR} %{PAYLOADFLAGS}"), expected);
    }
    let xz = workshop.dkms(&["mkrpm", "demo-v1.2.tar.gz", "--force", "--compress", "xz"]);
    assert_eq!(xz.status.code(), Some(2));
    for (words, expected) in [(vec![], "xz"), (vec!["--for", "portable"], "gz"), (vec!["--compress", "zstd"], "zst")] {
        let file = workshop.package("mkdeb", &[&words[..], &["--force"]].concat(), DEB);
        let members = said("ar", &["t"], &file);
        assert_eq!(members, format!("debian-binary\ncontrol.tar.{expected}\ndata.tar.{expected}\n"));
    }
}

#[test]
fn an_rpm_has_digests_of_header_and_payload() {
    needs!("rpm");
    let workshop = Workshop::new();
    let file = workshop.package("mkrpm", &[], RPM);
    let told = said("rpm", &["-Kv"], &file);
    for line in ["Header SHA256 digest: OK", "Payload SHA256 digest: OK"] {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(rpm(&file, "%{FILEDIGESTALGO} %{BUILDHOST}"), "8 reproducible");
}

#[test]
fn a_signature_is_one_that_rpm_accepts() {
    needs!("rpmkeys");
    let workshop = Workshop::new();
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/keys/vendor.asc");
    let file = workshop.package("mkrpm", &["--sign-key", keys], RPM);
    let repo = workshop.path("repo");
    std::fs::create_dir(&repo).unwrap();
    std::fs::copy(&file, repo.join("a.rpm")).unwrap();
    // mkrepo writes the public key beside the packages.
    assert!(workshop.dkms(&["mkrepo", "repo", "--sign-key", keys]).status.success());
    let database = workshop.path("rpmdb");
    let database = ["--dbpath", database.to_str().unwrap()];
    said("rpmkeys", &[&database[..], &["--import"]].concat(), &repo.join("repository-key.asc"));
    let told = said("rpmkeys", &[&database[..], &["-Kv"]].concat(), &file);
    assert!(told.contains("Header V4 RSA/SHA256 Signature") && !told.contains("NOKEY"), "{told}");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(!tool("rpmkeys", &[&database[..], &["-K"]].concat(), &file).0);
    let deb = workshop.dkms(&["mkdeb", "demo-v1.2.tar.gz", "--sign-key", keys]);
    assert!(deb.status.code() == Some(2) && String::from_utf8_lossy(&deb.stderr).contains("mkrepo"), "{deb:?}");
}

#[test]
fn a_certificate_for_secure_boot_comes_along_and_a_private_key_never_does() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mok.pem");
    for (verb, name, words, scripts) in [
        ("mkdeb", DEB, ["dpkg-deb", "-c"], vec!["dpkg-deb", "-I"]),
        ("mkrpm", RPM, ["rpm", "-qplv"], vec!["rpm", "-qp", "--scripts"]),
    ] {
        let made = workshop.dkms(&[verb, "demo-v1.2.tar.gz", "--mok-cert", pem]);
        let told = String::from_utf8_lossy(&made.stdout).into_owned();
        assert!(made.status.success() && told.contains("mokutil --import /usr/share/"), "{made:?}");
        let file = workshop.path(name);
        let listing = said(words[0], &words[1..], &file);
        assert!(listing.lines().any(|line| line.ends_with("-dkms/mok.der")), "{listing}");
        if verb == "mkrpm" {
            let told = said(scripts[0], &scripts[1..], &file);
            assert!(told.contains("mokutil --sb-state"), "{told}");
        }
    }
    let key = workshop.path("key.pem");
    std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    let refused = workshop.dkms(&["mkrpm", "demo-v1.2.tar.gz", "--force", "--mok-cert", "key.pem"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("private key"));
}

#[test]
fn no_tool_is_needed() {
    let workshop = Workshop::new();
    for verb in ["mkdeb", "mkrpm"] {
        let nothing = [("PATH", "/nonexistent")];
        let made = workshop.dkms_in(&workshop.path(""), &[verb, "demo-v1.2.tar.gz"], &nothing);
        assert!(made.status.success(), "{made:?}");
    }
}

#[test]
fn the_result_can_be_read_by_programs() {
    let workshop = Workshop::new();
    let made = workshop.dkms(&["mkpkg", "demo-v1.2.tar.gz", "--for", "debian12,el9", "--output", "out", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(document["schema"], "dkms-packages-1");
    let packages = document["packages"].as_array().unwrap();
    let found: Vec<_> = packages.iter().map(|one| (one["distribution"].as_str(), one["file"].as_str())).collect();
    let expected = [
        (Some("debian12"), Some("out/debian12/demo-x-dkms_1.2-1~deb12_all.deb")),
        (Some("el9"), Some("out/el9/Demo_x-dkms-1.2-1.el9.noarch.rpm")),
    ];
    assert_eq!(found, expected);
    assert!(packages.iter().all(|one| workshop.path(one["file"].as_str().unwrap()).is_file()));
    let files = packages[0]["files"].as_array().unwrap();
    assert!(files.contains(&"/usr/src/Demo_x-v1.2/demo.c".into()), "{files:?}");
    assert!(document["left_out"].as_array().unwrap().contains(&"demo.o".into()));
    let refused = workshop.dkms(&["mkpkg", "nowhere.tar", "--for", "el9", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((document["code"].as_u64(), document["error"]["case"].as_str()), (Some(2), Some("archive-missing")));
}
