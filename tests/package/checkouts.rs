//! Folders that are git checkouts: tracked files, versions from tags. The repositories are made by the real git.

use std::process::Command;

use super::{Workshop, needs, said};

/// A workshop whose folder demo-v1.2 is a checkout with one commit.
fn checkout() -> Workshop {
    let workshop = Workshop::new();
    std::fs::write(workshop.path("demo-v1.2/notes.txt"), "not tracked").unwrap();
    std::fs::create_dir(workshop.path("demo-v1.2/try")).unwrap();
    std::fs::write(workshop.path("demo-v1.2/try/a.c"), "").unwrap();
    std::fs::write(workshop.path("demo-v1.2/.git-is-here"), "").unwrap();
    git(&workshop, "demo-v1.2", &["init", "-q"]);
    git(&workshop, "demo-v1.2", &["add", "dkms.conf", "Makefile", "demo.c", "include", "link.h", ".gitignore"]);
    git(&workshop, "demo-v1.2", &["commit", "-q", "-m", "all"]);
    workshop
}

fn git(workshop: &Workshop, folder: &str, words: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(workshop.path(folder)).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]);
    let output = command.args(words).output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What `--json` says of the package: files below the source's folder, what was left out, the version.
#[track_caller]
fn packaged(workshop: &Workshop, words: &[&str]) -> (Vec<String>, Vec<String>, String) {
    let output = workshop.dkms(&[&["mkdeb", "--json", "--force"], words].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let version = document["version"].as_str().unwrap().to_owned();
    let below = |path: String| path.split('/').skip(4).collect::<Vec<_>>().join("/");
    let files = texts(&document["packages"][0]["files"]).into_iter().map(below).collect();
    (files, texts(&document["left_out"]), version)
}

#[test]
fn what_git_does_not_track_is_left_out_and_told() {
    needs!("git");
    let workshop = checkout();
    for index_version in ["2", "4"] {
        git(&workshop, "demo-v1.2", &["update-index", "--index-version", index_version]);
        let (files, left_out, _) = packaged(&workshop, &["demo-v1.2"]);
        assert_eq!(files, ["Makefile", "demo.c", "dkms.conf", "include/demo.h", "link.h"], "version {index_version}");
        assert_eq!(left_out, [".git", ".git-is-here", ".gitignore", "notes.txt", "try", "demo.o"]);
    }
    let (files, _, _) = packaged(&workshop, &["demo-v1.2", "--untracked"]);
    assert!(files.contains(&"notes.txt".to_owned()) && files.contains(&"try/a.c".to_owned()));
    // A dkms.conf goes into the package even if nobody has added it yet.
    git(&workshop, "demo-v1.2", &["rm", "-q", "--cached", "dkms.conf"]);
    let (files, left_out, _) = packaged(&workshop, &["demo-v1.2"]);
    assert!(files.contains(&"dkms.conf".to_owned()) && !left_out.contains(&"dkms.conf".to_owned()));
}

#[test]
fn parts_submodules_and_further_work_trees_know_what_is_tracked() {
    needs!("git");
    let workshop = checkout();
    // A part of a checkout.
    std::fs::create_dir(workshop.path("whole")).unwrap();
    git(&workshop, "whole", &["init", "-q"]);
    std::fs::create_dir_all(workshop.path("whole/driver")).unwrap();
    for name in ["dkms.conf", "demo.c", "Makefile"] {
        std::fs::copy(workshop.path("demo-v1.2").join(name), workshop.path("whole/driver").join(name)).unwrap();
    }
    std::fs::write(workshop.path("whole/driver/own.txt"), "").unwrap();
    git(&workshop, "whole", &["add", "driver/dkms.conf", "driver/demo.c", "driver/Makefile"]);
    let library = workshop.path("demo-v1.2").display().to_string();
    git(&workshop, "whole", &["submodule", "--quiet", "add", &library, "driver/lib"]);
    git(&workshop, "whole", &["commit", "-q", "-m", "all"]);
    std::fs::write(workshop.path("whole/driver/lib/own.txt"), "").unwrap();
    let expected = [
        "Makefile",
        "demo.c",
        "dkms.conf",
        "lib/Makefile",
        "lib/demo.c",
        "lib/dkms.conf",
        "lib/include/demo.h",
        "lib/link.h",
    ];
    let words = ["--version", "1"];
    let (files, left_out, _) = packaged(&workshop, &[&["whole/driver"], words.as_slice()].concat());
    assert_eq!(files, expected);
    assert_eq!(left_out, ["lib/.git", "lib/.gitignore", "lib/own.txt", "own.txt"]);
    let (files, _, _) = packaged(&workshop, &[&["whole/driver/lib"], words.as_slice()].concat());
    assert_eq!(files, ["Makefile", "demo.c", "dkms.conf", "include/demo.h", "link.h"]);
    git(&workshop, "demo-v1.2", &["worktree", "add", "-q", "../other"]);
    std::fs::write(workshop.path("other/own.txt"), "").unwrap();
    let (_, left_out, _) = packaged(&workshop, &[&["other"], words.as_slice()].concat());
    assert_eq!(left_out, [".git", ".gitignore", "own.txt"]);
    // A folder in a checkout that has nothing of it is no checkout.
    git(&workshop, "whole", &["rm", "-q", "-r", "-f", "--cached", "driver"]);
    let (files, _, _) = packaged(&workshop, &[&["whole/driver"], words.as_slice()].concat());
    assert!(files.contains(&"own.txt".to_owned()));
}

#[test]
fn a_tag_gives_the_version_whether_it_is_loose_or_packed() {
    needs!("git");
    let workshop = checkout();
    let from_tag = ["demo-v1.2", "--version-from-tag"];
    let refused = |said: &str| {
        let output = workshop.dkms(&[&["mkdeb"], from_tag.as_slice()].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said), "{text}");
    };
    refused("no tag with a version");
    git(&workshop, "demo-v1.2", &["tag", "latest"]);
    refused("no tag with a version");
    git(&workshop, "demo-v1.2", &["tag", "v2.9"]);
    assert_eq!(packaged(&workshop, &from_tag).2, "2.9");
    git(&workshop, "demo-v1.2", &["tag", "-a", "-m", "annotated", "release/v2.10"]);
    assert_eq!(packaged(&workshop, &from_tag).2, "2.10");
    git(&workshop, "demo-v1.2", &["pack-refs", "--all"]);
    git(&workshop, "demo-v1.2", &["gc", "-q"]);
    assert_eq!(packaged(&workshop, &from_tag).2, "2.10");
    git(&workshop, "demo-v1.2", &["commit", "-q", "--allow-empty", "-m", "later"]);
    refused("no tag with a version");
    let output = workshop.dkms(&["mkdeb", "demo-v1.2.tar.gz", "--version-from-tag"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a git checkout"));
}

#[test]
fn a_checkout_is_as_old_as_its_commit_wherever_and_whenever_it_was_made() {
    needs!("git", "dpkg-deb");
    let workshop = checkout();
    let made = |folder: &str, name: &str| {
        let output = workshop.dkms(&["mkdeb", folder, "-o", name]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(workshop.path(name)).unwrap()
    };
    // Loose, in a pack, and in a pack as what differs from another commit.
    for round in 0..2 {
        let date = format!("{} +0200", 1_600_000_000 + round * 86_400);
        let mut words = vec!["-c".to_owned(), "gc.auto=0".to_owned(), "commit".to_owned(), "-q".to_owned()];
        words.extend([
            "--allow-empty".to_owned(),
            "-m".to_owned(),
            "a long message ".repeat(40),
            "--date".to_owned(),
            date.clone(),
        ]);
        let mut command = Command::new("git");
        command.current_dir(workshop.path("demo-v1.2")).env("GIT_COMMITTER_DATE", &date);
        command.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]).args(&words);
        assert!(command.status().unwrap().success());
    }
    let first = made("demo-v1.2", "1.deb");
    let expected = "2020-09-14";
    let listing = said("dpkg-deb", &["-c"], &workshop.path("1.deb"));
    assert!(listing.lines().all(|line| line.contains(expected)), "{listing}");
    git(&workshop, "demo-v1.2", &["repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=50"]);
    git(&workshop, "demo-v1.2", &["prune-packed"]);
    assert!(first == made("demo-v1.2", "2.deb"), "packed");
    let place = workshop.path("demo-v1.2").display().to_string();
    git(&workshop, "", &["clone", "-q", &place, "clone/demo-v1.2"]);
    assert!(first == made("clone/demo-v1.2", "3.deb"), "cloned");
    git(&workshop, "clone/demo-v1.2", &["checkout", "-q", "HEAD~1"]);
    let listing = said("dpkg-deb", &["-c"], &{
        made("clone/demo-v1.2", "4.deb");
        workshop.path("4.deb")
    });
    assert!(listing.lines().all(|line| line.contains("2020-09-13")), "{listing}");
}

#[test]
fn a_repository_that_names_programs_starts_none() {
    needs!("git");
    let workshop = checkout();
    let trap = workshop.path("trap");
    let config = workshop.path("demo-v1.2/.git/config");
    let program = format!("touch {}", trap.display());
    let text = std::fs::read_to_string(&config).unwrap()
        + &format!(
            "[core]\n\tfsmonitor = {program}\n\tpager = {program}\n\tsshCommand = {program}\n[alias]\n\tls-files = !{program}\n"
        );
    std::fs::write(&config, text).unwrap();
    git(&workshop, "demo-v1.2", &["-c", "core.fsmonitor=false", "tag", "v3"]);
    assert_eq!(packaged(&workshop, &["demo-v1.2", "--version-from-tag"]).2, "3");
    assert!(!trap.exists());
    // An index that is not one, or not whole, is no reason to package everything.
    std::fs::write(workshop.path("demo-v1.2/.git/index"), "DIRC").unwrap();
    let output = workshop.dkms(&["mkdeb", "demo-v1.2"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--untracked"));
}

#[test]
fn what_git_does_not_track_may_be_called_anything_and_what_it_tracks_may_not() {
    needs!("git");
    let workshop = checkout();
    std::fs::write(workshop.path("demo-v1.2/odd\nname"), "").unwrap();
    let (files, left_out, _) = packaged(&workshop, &["demo-v1.2"]);
    assert!(left_out.contains(&"odd\nname".to_owned()) && files.len() == 5, "{left_out:?} {files:?}");
    git(&workshop, "demo-v1.2", &["add", "odd\nname"]);
    let output = workshop.dkms(&["mkdeb", "--force", "demo-v1.2"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}
