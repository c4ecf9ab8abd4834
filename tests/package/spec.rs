//! `mkspec`: what rpmbuild makes of the spec is the package that `mkrpm` makes.

use std::path::{Path, PathBuf};

use super::{Workshop, needs, said};

/// What may differ between rpmbuild's package and ours, by the beginning of a line of [`described`]; each with its reason.
const ALLOWED: &[&str] = &[
    // rpmbuild of before 4.19 writes `FileDigests` always, and `CompressedFileNames` with an older version of the feature.
    "requires rpmlib(",
    // That a package has settings: rpmbuild says so only where it looks for relations by itself, and nothing asks for it.
    "provides config(",
    "requires config(",
];

/// Everything that a package says and holds, as lines.
fn described(file: &Path) -> String {
    let format = "name %{NAME} %{EPOCH} %{VERSION} %{RELEASE} %{ARCH} %{OS}\\nsummary %{SUMMARY}\\nlicence %{LICENSE}\\n\
         group %{GROUP}\\nurl %{URL}\\npackager %{PACKAGER}\\nvendor %{VENDOR}\\nsize %{SIZE}\\ndescription %{DESCRIPTION}\\n\
         compressor %{PAYLOADCOMPRESSOR} %{PAYLOADFLAGS} %{PAYLOADFORMAT} %{FILEDIGESTALGO}\\n\
         [file %{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILESIZES} %{FILEMTIMES} %{FILEDIGESTS} \
         %{FILELINKTOS} %{FILEFLAGS:fflags} %{FILELANGS}\\n]\
         [requires %{REQUIRENEVRS} %{REQUIREFLAGS:deptype}\\n][provides %{PROVIDENEVRS}\\n]\
         [conflicts %{CONFLICTNEVRS}\\n][obsoletes %{OBSOLETENEVRS}\\n][recommends %{RECOMMENDNEVRS}\\n]\
         [suggests %{SUGGESTNEVRS}\\n][supplements %{SUPPLEMENTNEVRS}\\n]\
         pre %{PREINPROG} %{PREIN}\\npost %{POSTINPROG} %{POSTIN}\\npreun %{PREUNPROG} %{PREUN}\\n\
         postun %{POSTUNPROG} %{POSTUN}\\nposttrans %{POSTTRANSPROG} %{POSTTRANS}\\n\
         [change %{CHANGELOGTIME} %{CHANGELOGNAME} %{CHANGELOGTEXT}\\n]";
    let text = said("rpm", &["-qp", "--qf", format], file);
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    // The order of relations has no meaning.
    lines.sort_unstable();
    lines.retain(|line| !ALLOWED.iter().any(|start| line.starts_with(start)));
    lines.join("\n")
}

/// Lines that one of two sorted texts has more often than the other.
fn difference(ours: &str, theirs: &str) -> String {
    let count = |text: &str, line: &str| text.lines().filter(|it| *it == line).count();
    let mut lines: Vec<&str> = ours.lines().chain(theirs.lines()).collect();
    lines.sort_unstable();
    lines.dedup();
    let differs = lines.into_iter().map(|line| (line, count(ours, line), count(theirs, line)));
    let told = |(line, ours, theirs)| format!("ours {ours}, rpmbuild's {theirs}: {line}\n");
    differs.filter(|(_, ours, theirs)| ours != theirs).map(told).collect()
}

/// Builds the spec in this folder.
fn rpmbuild(workshop: &Workshop, folder: &str) -> PathBuf {
    let out = workshop.path(folder);
    let spec =
        std::fs::read_dir(&out).unwrap().flatten().find(|it| it.path().extension().is_some_and(|end| end == "spec"));
    let define = |name: &str, value: &Path| format!("{name} {}", value.display());
    let top = define("_topdir", &workshop.path("rpmbuild"));
    let (sources, rpms) = (define("_sourcedir", &out), define("_rpmdir", &out));
    let words =
        ["-bb", "--quiet", "--define", &top, "--define", &sources, "--define", &rpms, "--define", "_rpmfilename b.rpm"];
    said("rpmbuild", &words, &spec.unwrap().path());
    out.join("b.rpm")
}

#[test]
fn rpmbuild_makes_of_the_spec_the_package_that_mkrpm_makes() {
    needs!("rpmbuild", "rpm");
    let workshop = Workshop::new();
    let file = |name: &str, text: &str| std::fs::write(workshop.path("demo-v1.2").join(name), text).unwrap();
    file(
        "demo.c",
        "MODULE_LICENSE(\"GPL\");\nMODULE_AUTHOR(\"A <a@b.org>\");\nMODULE_DESCRIPTION(\"100% %{name} %files\");\n",
    );
    // What rpmbuild would change in a package of programs.
    file("run.py", "#!/usr/bin/python\nprint()\n");
    file("page.1", "a page\n");
    file("%percent", "%\n");
    file("COPYING", "The text.\n");
    std::fs::set_permissions(workshop.path("demo-v1.2/run.py"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    workshop.archive();
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mok.pem");
    let changes = "## 1.2 - 2023-11-14\n- 100% better\n- %files of all kinds\n\n## 1.1 - 2023-01-02\n- Old.\n";
    std::fs::write(workshop.path("CHANGES"), changes).unwrap();
    let cases: [&[&str]; 5] = [
        &[],
        // Two files of one name, and one that the scripts speak of.
        &[
            "--file",
            "CHANGES=/etc/modprobe.d/demo.conf",
            "--file",
            "CHANGES=/usr/lib/modules-load.d/demo.conf",
            "--file",
            "CHANGES=/usr/lib/udev/rules.d/60-demo.rules",
        ],
        &[
            "--for",
            "el9",
            "--changelog",
            "CHANGES",
            "--epoch",
            "3",
            "--vendor",
            "A Vendor",
            "--url",
            "https://example.org/%7e",
        ],
        &[
            "--for",
            "portable",
            "--scriptlets",
            "none",
            "--replaces",
            "old<1",
            "--suggests",
            "tool >= 2",
            "--provides",
            "x = 1",
        ],
        &["--mok-cert", pem, "--package-name", "demo-2-dkms", "--description", "one %files\n\ntwo %%{name}\n# three"],
    ];
    for (number, words) in cases.iter().enumerate() {
        let folder = &format!("out{number}");
        for verb in ["mkspec", "mkrpm"] {
            let made = workshop.dkms(&[&[verb, "demo-v1.2.tar.gz", "--output", folder], *words].concat());
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let rpms = std::fs::read_dir(workshop.path(folder)).unwrap().flatten().map(|entry| entry.path());
        let ours = rpms.into_iter().find(|file| file.extension().is_some_and(|end| end == "rpm")).unwrap();
        let theirs = rpmbuild(&workshop, folder);
        let (ours, theirs) = (described(&ours), described(&theirs));
        assert!(ours == theirs, "{words:?}:\n{}", difference(&ours, &theirs));
        assert!(ours.lines().any(|line| line.contains("/COPYING ") && line.ends_with(" l")), "{ours}");
    }
}

#[test]
fn a_spec_and_its_sources_are_the_same_each_time_and_stay_unless_forced() {
    let workshop = Workshop::new();
    let make = |words: &[&str]| workshop.dkms(&[&["mkspec", "demo-v1.2.tar.gz", "--output", "out"], words].concat());
    assert!(make(&[]).status.success());
    let read = || {
        ["Demo_x-dkms.spec", "Demo_x-v1.2.tar.gz"].map(|name| std::fs::read(workshop.path("out").join(name)).unwrap())
    };
    let first = read();
    assert_eq!(make(&[]).status.code(), Some(9));
    assert!(make(&["--force"]).status.success() && first == read());
}

/// What a source may say of itself so that rpmbuild would do something.
const HOSTILE: [&str; 8] = [
    "%include /nonexistent",
    "%if 0",
    "%{lua:os.execute('touch pwned')}",
    "%(touch pwned)",
    "%files",
    "   %endif",
    "%{!?x:%include /nonexistent}",
    "%define x %(touch pwned)",
];

#[test]
fn nothing_that_a_source_says_is_a_word_of_the_spec() {
    needs!("rpmspec");
    for said_by_source in HOSTILE {
        let workshop = Workshop::new();
        let text = format!(
            "MODULE_LICENSE(\"GPL\");\nMODULE_AUTHOR(\"{said_by_source} <a@b.org>\");\n\
             MODULE_DESCRIPTION(\"{said_by_source}\");\n"
        );
        std::fs::write(workshop.path("demo-v1.2/demo.c"), text).unwrap();
        workshop.archive();
        let long = format!("{} {said_by_source}", "word ".repeat(15));
        std::fs::write(workshop.path("CHANGES"), format!("## 1.2\n- {long}\n- {said_by_source}\n")).unwrap();
        let option = |text: &str| format!("a\n{text}\nb");
        let (description, plain) = (format!("{long}\n\n{said_by_source}"), option(said_by_source));
        let words = ["--changelog", "CHANGES", "--description", &description, "--vendor", &plain, "--url", &plain];
        for words in [&[][..], &words, &["--summary", &plain, "--license", &plain, "--maintainer", "A % <a@b.org>"]] {
            let all = [&["mkspec", "demo-v1.2.tar.gz", "--output", "out", "--force"], words].concat();
            let made = workshop.dkms(&all);
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let text = said("rpmspec", &["-P"], &workshop.path("out/Demo_x-dkms.spec"));
            assert_eq!(text.lines().filter(|line| line.trim_start().starts_with("%files")).count(), 1, "{text}");
            assert!(text.contains("%changelog"), "{text}");
            assert!(!workshop.path("pwned").exists() && !Path::new("pwned").exists(), "{words:?}");
        }
    }
}
