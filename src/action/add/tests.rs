use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::action::sample::{Site, id, target};
use crate::report::Message;

const CONF: &str = "PACKAGE_NAME=foo\nPACKAGE_VERSION=1.0\nBUILT_MODULE_NAME=foo\nDEST_MODULE_LOCATION=/extra\n";

impl Site {
    /// A folder below the site with these files; those ending in `.sh` are executable.
    fn folder(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.join(name);
        for (file, text) in files {
            let file = folder.join(file);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(&file, text).unwrap();
            let mode = if file.extension().is_some_and(|extension| extension == "sh") { 0o755 } else { 0o644 };
            fs_err::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        folder
    }

    /// A gzipped tar of that folder's content.
    fn archive(&self, folder: &Path) -> PathBuf {
        let file = self.folder.join("archive.tar.gz");
        let gz = flate2::write::GzEncoder::new(fs_err::File::create(&file).unwrap(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gz);
        tar.follow_symlinks(false);
        tar.append_dir_all(".", folder).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        file
    }

    fn add(&self, source: &AddSource, next: Option<&Target>) -> Result<()> {
        add(&self.context(), &foo(), source, next)
    }

    fn code(&self, source: &AddSource) -> u8 {
        self.add(source, None).err().map_or(0, |error| error.kind().code())
    }

    /// Identifies the archive and adds what it holds.
    fn load(&self, archive: &Path) -> Result<()> {
        let folder = tempfile::tempdir_in(&self.folder).unwrap();
        let (id, unpacked) = identify(&self.system, &self.framework, archive, folder.path())?;
        assert_eq!(id, foo());
        self.add(&AddSource::Archive(unpacked), None)
    }

    fn load_code(&self, archive: &Path) -> u8 {
        self.load(archive).err().map_or(0, |error| error.kind().code())
    }

    fn is_added(&self) -> bool {
        self.tree.module(&foo()).unwrap().is_some()
    }

    fn source(&self, file: &str) -> Option<String> {
        fs_err::read_to_string(self.folder.join("src/foo-1.0").join(file)).ok()
    }
}

fn foo() -> ModuleId {
    id("foo", "1.0")
}

#[test]
fn a_folder_is_copied_completely_and_registered() {
    let site = Site::new();
    let folder = site.folder("mine", &[("dkms.conf", CONF), ("sub/foo.c", "code"), ("run.sh", "#!/bin/sh\n")]);
    site.add(&AddSource::Folder(folder.clone()), None).unwrap();
    assert!(site.is_added());
    assert_eq!(site.source("sub/foo.c").as_deref(), Some("code"));
    assert!(sys::fs::is_executable(&site.folder.join("src/foo-1.0/run.sh")));
    assert_eq!(site.code(&AddSource::Folder(folder)), 3, "a second time");
}

#[test]
fn what_is_wrong_with_a_source_has_its_code() {
    let duplicate = format!("{CONF}BUILT_MODULE_NAME[1]=foo\nDEST_MODULE_LOCATION[1]=/extra\n");
    for (files, code, is_copied) in [
        (vec![("dkms.conf", "PACKAGE_NAME=foo\n")], 8, false),
        (vec![("dkms.conf", "")], 8, false),
        (vec![("foo.c", "")], 4, false),
        (vec![("dkms.conf", duplicate.as_str())], 8, true),
    ] {
        let site = Site::new();
        let folder = site.folder("mine", &files);
        assert_eq!(site.code(&AddSource::Folder(folder)), code, "{files:?}");
        assert_eq!(site.source("dkms.conf").is_some(), is_copied, "{files:?}");
        assert!(!site.is_added());
    }
    assert_eq!(Site::new().code(&AddSource::SourceTree), 2);
}

#[test]
fn files_of_a_folder_that_is_there_already_are_replaced_or_kept() {
    let site = Site::new();
    site.folder("src/foo-1.0", &[("dkms.conf", "old"), ("mine.txt", "kept")]);
    let folder = site.folder("mine", &[("dkms.conf", CONF), ("foo.c", "code")]);
    site.add(&AddSource::Folder(folder), None).unwrap();
    assert_eq!(site.source("mine.txt").as_deref(), Some("kept"));
    assert_eq!(site.source("dkms.conf").as_deref(), Some(CONF));
}

#[test]
fn a_source_in_its_place_is_not_copied() {
    let site = Site::new();
    let folder = site.folder("src/foo-1.0", &[("dkms.conf", CONF), ("foo.c", "code")]);
    let before = fs_err::metadata(&folder).unwrap().modified().unwrap();
    site.add(&AddSource::Folder(folder.clone()), None).unwrap();
    assert!(site.is_added());
    assert_eq!(fs_err::metadata(&folder).unwrap().modified().unwrap(), before);
}

#[test]
fn a_source_that_contains_the_source_tree_is_refused() {
    let site = Site::new();
    site.folder("", &[("dkms.conf", CONF)]);
    assert_eq!(site.code(&AddSource::Folder(site.folder.clone())), 2);
    assert!(!site.is_added());
}

#[test]
fn a_failing_post_add_ends_an_add_but_not_the_build_it_is_for() {
    let conf = format!("{CONF}POST_ADD=post.sh\n");
    for (next, code) in [(None, Some(7)), (Some(target()), None)] {
        let site = Site::new();
        let log = site.folder.join("log");
        let script = format!("#!/bin/sh\necho ${{module-none}} ${{kernelver-none}} >{}\nexit 7\n", log.display());
        let folder = site.folder("mine", &[("dkms.conf", &conf), ("post.sh", &script)]);
        let result = site.add(&AddSource::Folder(folder), next.as_ref());
        assert_eq!(result.err().map(|error| error.kind().code()), code);
        assert!(site.is_added());
        let said = if next.is_some() { "foo 6.1.0-1\n" } else { "none none\n" };
        assert_eq!(fs_err::read_to_string(log).unwrap(), said);
        let is_warning = |message: &Message| matches!(message, Message::Warning(text) if text.contains("POST_ADD"));
        assert_eq!(site.reporter.messages().iter().any(is_warning), next.is_some());
    }
}

#[test]
fn a_broken_module_is_repaired_by_adding_it() {
    let site = Site::new();
    site.folder("src/foo-1.0", &[("dkms.conf", CONF), ("foo.c", "")]);
    site.add(&AddSource::SourceTree, None).unwrap();
    fs_err::remove_file(site.folder.join("dkms/foo/1.0/source")).unwrap();
    site.add(&AddSource::SourceTree, None).unwrap();
    assert!(site.is_added());
}

#[test]
fn a_plain_source_archive_is_unpacked_from_the_folder_with_its_conf() {
    let site = Site::new();
    let folder = site.folder("tar", &[("foo-src/dkms.conf", CONF), ("foo-src/foo.c", "code"), ("README", "")]);
    let archive = site.archive(&folder);
    site.load(&archive).unwrap();
    assert_eq!((site.source("foo.c").as_deref(), site.source("README")), (Some("code"), None));
}

#[test]
fn no_link_of_an_archive_leads_out_of_the_source() {
    let site = Site::new();
    let folder = site.folder("tar", &[("a/src/dkms.conf", CONF), ("a/src/foo.c", "code"), ("LICENSE", "free")]);
    for (name, target) in [("LICENSE", "../../LICENSE"), ("up", ".."), ("gone", "../../etc/passwd"), ("same", "foo.c")]
    {
        std::os::unix::fs::symlink(target, folder.join("a/src").join(name)).unwrap();
    }
    site.load(&site.archive(&folder)).unwrap();
    let source = site.folder.join("src/foo-1.0");
    let is_link = |name: &str| fs_err::symlink_metadata(source.join(name)).map(|meta| meta.is_symlink()).ok();
    assert_eq!((is_link("LICENSE"), site.source("LICENSE").as_deref()), (Some(false), Some("free")));
    assert_eq!((is_link("up"), is_link("gone"), is_link("same")), (None, None, Some(true)));
}

#[test]
fn an_archive_of_ours_brings_its_builds_along() {
    let site = Site::new();
    let module = "dkms_main_tree/6.1.0-1/x86_64/module/foo.ko";
    let files = [
        ("dkms_source_tree/dkms.conf", CONF),
        ("dkms_source_tree/foo.c", "code"),
        (module, "ko"),
        ("dkms_main_tree/6.1.0-1/x86_64/log/make.log", "made"),
    ];
    let archive = site.archive(&site.folder("tar", &files));
    site.load(&archive).unwrap();
    let built = site.tree.layout().built_modules(&foo(), &target()).join("foo.ko");
    assert_eq!(fs_err::read_to_string(&built).unwrap(), "ko");
    fs_err::write(&built, "changed").unwrap();
    assert_eq!(site.load_code(&archive), 0, "what is there is replaced");
    assert_eq!(fs_err::read_to_string(&built).unwrap(), "ko");
}

#[test]
fn builds_without_a_source_are_loaded_and_end_with_a_code() {
    let site = Site::new();
    let files = [
        ("dkms_binaries_only/PACKAGE_NAME", "foo\n"),
        ("dkms_binaries_only/PACKAGE_VERSION", "1.0\n"),
        ("dkms_binaries_only/dkms.conf", CONF),
        ("dkms_main_tree/6.1.0-1/x86_64/module/foo.ko", "ko"),
    ];
    let archive = site.archive(&site.folder("tar", &files));
    assert_eq!(site.load_code(&archive), 1);
    let entry = site.tree.module(&foo()).unwrap().unwrap();
    assert!(entry.build(&target()).is_some());
    assert!(site.tree.layout().source_link(&foo()).join("dkms.conf").is_file());
}

#[test]
fn archives_that_cannot_be_used_have_their_codes_and_leave_nothing() {
    let site = Site::new();
    assert_eq!(site.load_code(&site.folder.join("none")), 2);
    let text = site.folder("x", &[("text", "no archive")]).join("text");
    assert_eq!(site.load_code(&text), 3);
    for (files, code) in [
        (vec![("README", "")], 7),
        (vec![("dkms.conf", "PACKAGE_NAME=\n")], 7),
        (vec![("dkms_binaries_only/PACKAGE_NAME", "../x"), ("dkms_binaries_only/PACKAGE_VERSION", "1")], 7),
    ] {
        let archive = site.archive(&site.folder(&format!("tar{}", files.len() + usize::from(code)), &files));
        assert_eq!(site.load_code(&archive), code, "{files:?}");
        fs_err::remove_dir_all(site.folder.join(format!("tar{}", files.len() + usize::from(code)))).unwrap();
    }
    let left: BTreeMap<_, _> = fs_err::read_dir(site.folder.join("src"))
        .map(|entries| entries.flatten().map(|entry| (entry.file_name(), ())).collect())
        .unwrap_or_default();
    assert!(left.is_empty(), "{left:?}");
}
