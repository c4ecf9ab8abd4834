use super::*;
use std::os::unix::fs::symlink;

#[test]
fn a_file_is_replaced_with_its_mode_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    write_atomically(&file, 0o600, b"old").unwrap();
    write_atomically(&file, 0o644, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_error_names_the_path_and_keeps_its_kind() {
    let error = write_atomically(Path::new("/nowhere/f"), 0o644, b"").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("/nowhere"), "{error}");
    let full = at(Path::new("/x"), "write", io::ErrorKind::StorageFull.into());
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn deleting_a_symlink_leaves_what_it_leads_to() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("f"), "kept").unwrap();
    let inner = folder.path().join("in");
    fs::create_dir(&inner).unwrap();
    symlink(outside.path(), inner.join("link")).unwrap();
    let link = folder.path().join("link");
    symlink(outside.path(), &link).unwrap();
    remove_tree(&link).unwrap();
    remove_tree(&inner).unwrap();
    remove_tree(&inner).unwrap();
    assert!(!link.is_symlink() && !inner.exists());
    assert_eq!(fs::read_to_string(outside.path().join("f")).unwrap(), "kept");
}

#[test]
fn only_an_empty_folder_is_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    fs::create_dir_all(&inner).unwrap();
    assert!(!remove_if_empty(&folder.path().join("a")).unwrap());
    assert!(remove_if_empty(&inner).unwrap() && remove_if_empty(&inner).unwrap());
}

#[test]
fn files_are_compared_by_size_and_then_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let big = vec![7_u8; 200_000];
    let mut other = big.clone();
    other[199_999] = 8;
    for (name, content) in [("a", &big), ("b", &big.clone()), ("c", &other), ("d", &big[..100].to_vec())] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let same = |one: &str, two: &str| same_content(&folder.path().join(one), &folder.path().join(two));
    assert!(same("a", "a").unwrap() && same("a", "b").unwrap());
    assert!(!same("a", "c").unwrap() && !same("a", "d").unwrap());
    assert_eq!(same("a", "none").unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn links_are_followed_inside_the_root_whatever_they_say() {
    let top = tempfile::tempdir().unwrap();
    let root = top.path().join("root");
    fs::create_dir_all(root.join("usr/src/h")).unwrap();
    fs::create_dir_all(root.join("lib/modules/1")).unwrap();
    let link = root.join("lib/modules/1/build");
    for (text, leads_to) in [
        ("/usr/src/h", Some("usr/src/h")),
        ("../../../usr/src/h", Some("usr/src/h")),
        ("../../../../../../../../usr/src/h", Some("usr/src/h")),
        ("/usr/../usr/src/./h/", Some("usr/src/h")),
        ("/usr/src/none", None),
        ("/lib/modules/1/build", None),
        ("/", Some("")),
    ] {
        symlink(text, &link).unwrap();
        let expected = leads_to.map(|path| root.join(path));
        assert_eq!(resolve(&root, &link), expected, "{text}");
        assert_eq!(resolve(&root, Path::new("/lib/modules/1/build")), expected, "{text}");
        fs::remove_file(&link).unwrap();
    }
}
