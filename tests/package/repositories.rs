//! Folders of packages as repositories.

use super::{Workshop, needs, said, tool};

const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/keys/vendor.asc");

/// A workshop with repo/debian and repo/rpm, each with a package.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    std::fs::create_dir_all(workshop.path("repo/debian")).unwrap();
    std::fs::create_dir_all(workshop.path("repo/rpm")).unwrap();
    for (verb, folder) in [("mkdeb", "repo/debian"), ("mkrpm", "repo/rpm")] {
        let made = workshop.dkms(&[verb, "demo-v1.2.tar.gz", "--output", folder]);
        assert!(made.status.success(), "{made:?}");
    }
    workshop
}

fn mkrepo(workshop: &Workshop, words: &[&str]) -> (i32, String) {
    let words = [&["mkrepo", "repo"], words].concat();
    let output = workshop.dkms_in(&workshop.path(""), &words, &[("SOURCE_DATE_EPOCH", "1700000000")]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text)
}

fn read(workshop: &Workshop, file: &str) -> String {
    std::fs::read_to_string(workshop.path(file)).unwrap()
}

#[test]
fn packages_lists_what_apt_ftparchive_lists() {
    needs!("apt-ftparchive");
    let workshop = workshop();
    let (code, told) = mkrepo(&workshop, &[]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("repo/debian (for apt, 1 package)"), "{told}");
    let ours = read(&workshop, "repo/debian/Packages");
    let theirs = said("apt-ftparchive", &["packages"], &workshop.path("repo/debian"));
    let fields = |text: &str| {
        let kept = |line: &&str| !line.starts_with("SHA1:") && !line.starts_with("SHA512:") && !line.is_empty();
        let mut lines: Vec<String> = text.lines().filter(kept).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let folder = workshop.path("repo/debian").display().to_string();
    assert_eq!(fields(&ours), fields(&theirs.replace(&format!("Filename: {folder}"), "Filename: .")));
}

#[test]
fn release_vouches_for_the_lists_and_nothing_stands_unsigned_beside_a_signature() {
    let workshop = workshop();
    assert_eq!(mkrepo(&workshop, &["--sign-key", KEY, "--origin", "A Vendor"]).0, 0);
    let release = read(&workshop, "repo/debian/Release");
    let size = std::fs::metadata(workshop.path("repo/debian/Packages.xz")).unwrap().len();
    for part in ["Origin: A Vendor\n", "Date: Tue, 14 Nov 2023 22:13:20 UTC\n", "Architectures: all\n", "SHA256:\n"] {
        assert!(release.contains(part), "{part} in {release}");
    }
    assert!(release.lines().any(|line| line.ends_with(&format!(" {size} Packages.xz"))), "{release}");
    assert!(read(&workshop, "repo/debian/InRelease").contains("-----BEGIN PGP SIGNATURE-----"));
    assert!(workshop.path("repo/rpm/repodata/repomd.xml.asc").is_file());
    assert!(workshop.path("repo/rpm/repository-key.asc").is_file());
    // The next run has no key: what the old one signed would be refused by every client.
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    for gone in ["debian/InRelease", "debian/Release.gpg", "debian/repository-key.asc", "rpm/repodata/repomd.xml.asc"] {
        assert!(!workshop.path("repo").join(gone).exists(), "{gone}");
    }
}

#[test]
fn primary_says_what_createrepo_says() {
    needs!("createrepo_c");
    let workshop = workshop();
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    let copy = workshop.path("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(workshop.path("repo/rpm")).unwrap().flatten() {
        if entry.path().is_file() {
            // The time of the file is part of the metadata.
            said("cp", &["-a", entry.path().to_str().unwrap()], &copy);
        }
    }
    said("createrepo_c", &["-q", "--general-compress-type=gz"], &copy);
    for list in ["primary", "filelists", "other"] {
        let lines = |folder: &str| {
            let found = std::fs::read_dir(workshop.path(folder).join("repodata")).unwrap().flatten();
            let file = found.map(|it| it.path()).find(|it| it.to_string_lossy().ends_with(&format!("{list}.xml.gz")));
            let mut text = String::new();
            let packed = std::fs::File::open(file.unwrap()).unwrap();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut text).unwrap();
            // createrepo_c writes empty elements in short.
            let short = |line: &str| {
                let empty = line.strip_prefix('<').and_then(|rest| rest.split_once("></"));
                empty.map_or_else(|| line.to_owned(), |(name, _)| format!("<{name}/>"))
            };
            let mut lines: Vec<String> = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && *line != "</package>")
                .map(short)
                .collect();
            lines.sort();
            lines
        };
        assert_eq!(lines("repo/rpm"), lines("copy"), "{list}");
    }
}

#[test]
fn the_same_packages_give_the_same_metadata() {
    let workshop = workshop();
    let files = [
        "debian/Release",
        "debian/InRelease",
        "debian/Packages.xz",
        "rpm/repodata/repomd.xml",
        "rpm/repodata/repomd.xml.asc",
    ];
    let all = || files.map(|file| std::fs::read(workshop.path("repo").join(file)).unwrap());
    assert_eq!(mkrepo(&workshop, &["--sign-key", KEY]).0, 0);
    let once = all();
    assert_eq!(mkrepo(&workshop, &["--sign-key", KEY]).0, 0);
    assert!(once == all());
}

#[test]
fn what_is_no_package_is_named_and_the_metadata_stay_as_they_were() {
    let workshop = workshop();
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    let before = read(&workshop, "repo/debian/Release");
    for (file, bytes) in [
        ("repo/debian/cut.deb", &std::fs::read(workshop.path("repo/debian").join(super::DEB)).unwrap()[..200]),
        ("repo/debian/none.deb", b"!<arch>\n".as_slice()),
        ("repo/debian/text.deb", b"hello".as_slice()),
        ("repo/rpm/cut.rpm", &std::fs::read(workshop.path("repo/rpm").join(super::RPM)).unwrap()[..300]),
    ] {
        std::fs::write(workshop.path(file), bytes).unwrap();
        let (code, told) = mkrepo(&workshop, &[]);
        assert_eq!(code, 3, "{told}");
        assert!(told.contains(file.rsplit('/').next().unwrap()), "{told}");
        std::fs::remove_file(workshop.path(file)).unwrap();
    }
    std::fs::copy(workshop.path("repo/debian").join(super::DEB), workshop.path("repo/debian/copy.deb")).unwrap();
    let (code, told) = mkrepo(&workshop, &[]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("are both demo-x-dkms 1.2-1 (all)"), "{told}");
    assert_eq!(read(&workshop, "repo/debian/Release"), before);
}

#[test]
fn a_folder_without_packages_and_a_key_that_is_none_are_refused() {
    let workshop = Workshop::new();
    std::fs::create_dir(workshop.path("repo")).unwrap();
    assert_eq!(mkrepo(&workshop, &[]).0, 2);
    assert_eq!(mkrepo(&workshop, &["--sign-key", "demo-v1.2/demo.c"]).0, 2);
    let missing = workshop.dkms(&["mkrepo", "nowhere"]);
    assert_eq!(missing.status.code(), Some(2));
}

/// A package of another version into both folders.
fn add_version(workshop: &Workshop, version: &str) {
    for (verb, folder) in [("mkdeb", "repo/debian"), ("mkrpm", "repo/rpm")] {
        let made = workshop.dkms(&[verb, "demo-v1.2.tar.gz", "--version", version, "--output", folder]);
        assert!(made.status.success(), "{made:?}");
    }
}

/// Names of the files in these folders of the repository.
fn lists(workshop: &Workshop) -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["repo/debian/by-hash/SHA256", "repo/rpm/repodata"] {
        let found = std::fs::read_dir(workshop.path(folder)).unwrap().flatten();
        names.extend(found.map(|entry| entry.file_name().into_string().unwrap()));
    }
    names.sort();
    names
}

#[test]
fn what_the_last_index_names_stays_until_the_next_change() {
    let workshop = workshop();
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    let release = read(&workshop, "repo/debian/Release");
    assert!(release.contains("\nAcquire-By-Hash: yes\n"), "{release}");
    let first = lists(&workshop);
    for line in release.split("SHA256:").nth(1).unwrap().lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let copy = std::fs::read(workshop.path("repo/debian/by-hash/SHA256").join(words[0])).unwrap();
        assert!(copy == std::fs::read(workshop.path("repo/debian").join(words[2])).unwrap(), "{line}");
    }
    add_version(&workshop, "1.3");
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    let second = lists(&workshop);
    let stay = |old: &[String], new: &[String]| old.iter().filter(|name| new.contains(name)).count();
    assert_eq!((stay(&first, &second), second.len()), (first.len(), 2 * first.len() - 1), "repomd.xml is one");
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    assert_eq!(lists(&workshop), second, "a run that changes nothing takes nothing away");
    add_version(&workshop, "1.4");
    assert_eq!(mkrepo(&workshop, &[]).0, 0);
    let third = lists(&workshop);
    assert_eq!((stay(&first, &third), third.len()), (1, second.len()), "{third:?}");
}

const SETUP: [&str; 6] = ["--sign-key", KEY, "--repo-package", "vendor", "--url", "https://example.org/pub"];

#[test]
fn a_package_sets_each_repository_up() {
    needs!("dpkg-deb", "lintian", "rpm");
    let workshop = workshop();
    let (code, told) = mkrepo(&workshop, &[&SETUP[..], &["--origin", "A Vendor"]].concat());
    assert_eq!(code, 0, "{told}");
    let deb = workshop.path("repo/debian/vendor-repo_1-1_all.deb");
    let rpm = workshop.path("repo/rpm/vendor-repo-1-1.noarch.rpm");
    assert!(told.contains("vendor-repo_1-1_all.deb sets it up on a host"), "{told}");
    assert!(read(&workshop, "repo/debian/Packages").contains("Package: vendor-repo\n"));
    let out = workshop.path("unpacked");
    said("dpkg-deb", &["-R", deb.to_str().unwrap()], &out);
    let text = read(&workshop, "unpacked/etc/apt/sources.list.d/vendor-repo.sources");
    let expected = "# A Vendor\nTypes: deb\nURIs: https://example.org/pub/debian/\nSuites: ./\nSigned-By: \
                    /usr/share/keyrings/vendor-repo.asc\n";
    assert_eq!(text, expected);
    assert!(read(&workshop, "unpacked/usr/share/keyrings/vendor-repo.asc").contains("BEGIN PGP PUBLIC KEY"));
    let conffiles = read(&workshop, "unpacked/DEBIAN/conffiles");
    assert_eq!(conffiles, "/etc/apt/sources.list.d/vendor-repo.sources\n");
    let control = read(&workshop, "unpacked/DEBIAN/control");
    assert!(control.contains("Maintainer: A Vendor <vendor@example.org>\n"), "{control}");
    let told = said("lintian", &["--allow-root", "--fail-on", "none"], &deb);
    let faults: Vec<&str> = told.lines().filter(|it| it.starts_with("E: ") || it.starts_with("W: ")).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(said("rpm", &["-qpc", "--nosignature"], &rpm).trim(), "/etc/yum.repos.d/vendor-repo.repo");
    let files = said("rpm", &["-qpl", "--nosignature"], &rpm);
    assert!(files.contains("/etc/pki/rpm-gpg/RPM-GPG-KEY-vendor-repo\n"), "{files}");
}

#[test]
fn the_same_key_and_address_give_the_same_setup_and_others_need_a_higher_version() {
    let workshop = workshop();
    assert_eq!(mkrepo(&workshop, &SETUP).0, 0);
    let file = workshop.path("repo/debian/vendor-repo_1-1_all.deb");
    let once = std::fs::read(&file).unwrap();
    let (code, told) = mkrepo(&workshop, &SETUP);
    assert_eq!(code, 0, "{told}");
    assert!(once == std::fs::read(&file).unwrap());
    let moved = [&SETUP[..5], &["https://example.org/elsewhere"]].concat();
    let (code, told) = mkrepo(&workshop, &moved);
    assert_eq!(code, 9, "{told}");
    assert!(told.contains("vendor-repo_1-1_all.deb") && told.contains("--repo-version"), "{told}");
    assert_eq!(mkrepo(&workshop, &[&moved[..], &["--repo-version", "2"]].concat()).0, 0);
    assert!(workshop.path("repo/rpm/vendor-repo-2-1.noarch.rpm").is_file());
}

#[test]
fn a_setup_that_no_host_could_check_or_read_is_refused() {
    let workshop = workshop();
    for (words, said) in [
        (&SETUP[2..], "--sign-key"),
        (&SETUP[..4], "--url"),
        (&[&SETUP[..5], &["example.org"]].concat(), "`example.org`"),
        (&[&SETUP[..3], &["A Vendor", "--url", "https://h/x"]].concat(), "'A'"),
        (&[&SETUP[..], &["--repo-version", "1'2"]].concat(), "'\\''"),
        (&[&SETUP[..], &["--maintainer", "me"]].concat(), "`me`"),
    ] {
        let (code, told) = mkrepo(&workshop, words);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(said), "{said} in {told}");
        assert!(!workshop.path("repo/debian/Release").exists(), "{words:?}");
    }
}

#[test]
fn rpms_are_checked_by_hosts_only_when_all_are_signed_by_the_same_key() {
    needs!("rpm2cpio");
    let read_config = |workshop: &Workshop| {
        // Its exit code is 1 for a package whose header does not say how large the payload is, as for ours.
        let (_, content) = tool("rpm2cpio", &[], &workshop.path("repo/rpm/vendor-repo-1-1.noarch.rpm"));
        assert!(content.contains("baseurl=https://example.org/pub/rpm/\n"), "{content}");
        content.contains("gpgcheck=1\ngpgkey")
    };
    let workshop = workshop();
    assert_eq!(mkrepo(&workshop, &SETUP).0, 0);
    assert!(!read_config(&workshop));
    for old in ["vendor-repo-1-1.noarch.rpm", super::RPM] {
        std::fs::remove_file(workshop.path("repo/rpm").join(old)).unwrap();
    }
    let made = workshop.dkms(&["mkrpm", "demo-v1.2.tar.gz", "--output", "repo/rpm", "--sign-key", KEY]);
    assert!(made.status.success(), "{made:?}");
    assert_eq!(mkrepo(&workshop, &SETUP).0, 0);
    assert!(read_config(&workshop));
}
