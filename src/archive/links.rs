//! Where a symbolic link inside an untrusted folder leads.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links in one path as Linux follows (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Whether the link `link` (relative to `root`, through no other link) leads out of `root`, now or on its way, or round
/// in circles. A link to something that does not exist inside stays inside.
pub(crate) fn leaves(root: &Path, link: &Path) -> bool {
    let mut place: Vec<OsString> = Vec::new();
    let mut ahead: VecDeque<PathBuf> = link.iter().map(PathBuf::from).collect();
    let mut followed = 0;
    while let Some(next) = ahead.pop_front() {
        match next.components().next() {
            None | Some(Component::CurDir) => {}
            Some(Component::ParentDir) => {
                if place.pop().is_none() {
                    return true;
                }
            }
            Some(Component::RootDir | Component::Prefix(_)) => return true,
            Some(Component::Normal(name)) => {
                place.push(name.to_owned());
                let here = root.join(place.iter().collect::<PathBuf>());
                if let Ok(target) = fs_err::read_link(&here) {
                    followed += 1;
                    if followed > MAX_LINKS || target.as_os_str().is_empty() {
                        return true;
                    }
                    place.pop();
                    target.components().rev().for_each(|part| ahead.push_front(PathBuf::from(part.as_os_str())));
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_stay_inside_are_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs_err::create_dir_all(root.join("a/b")).unwrap();
        let cases = [
            ("a/sibling", "b", false),
            ("a/up", "../a/b", false),
            ("dangling", "a/nothing/here", false),
            ("self", ".", false),
            ("a/b/top", "../..", false),
            ("absolute", "/etc/passwd", true),
            ("out", "../other", true),
            ("a/out", "../../x", true),
            ("out-and-in", "../root/a", true),
            ("loop", "loop", true),
            // Read as text this stays inside; followed, a/b/top is the root, and one more step up is outside.
            ("through", "a/b/top/../x", true),
        ];
        for (name, target, _) in cases {
            std::os::unix::fs::symlink(target, root.join(name)).unwrap();
        }
        for (name, target, expected) in cases {
            assert_eq!(leaves(&root, Path::new(name)), expected, "{name} -> {target}");
        }
    }
}
