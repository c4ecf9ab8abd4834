//! A build that ended well and left another module than dkms.conf names.

/// What to write into dkms.conf, where what is missing lies there under a name or in a folder that is nearly it. Paths are below the
/// build's folder, `sub/x.ko`.
pub(crate) fn misnamed(missing: &str, made: &[String]) -> Option<(String, String)> {
    let (folder, name) = parts(missing);
    let is_like = |other: &&String| stem(parts(other).1) == stem(name);
    let alike: Vec<&String> = made.iter().filter(is_like).collect();
    let [found] = alike[..] else { return none_alike(missing, made) };
    let (found_folder, found_name) = parts(found);
    let mut lines = Vec::new();
    if found_name != name {
        lines.push(format!("BUILT_MODULE_NAME=\"{}\"", found_name.trim_end_matches(".ko")));
    }
    if found_folder != folder {
        lines.push(format!("BUILT_MODULE_LOCATION=\"{found_folder}\""));
    }
    Some((format!("the build made {found}, and dkms.conf names {missing}"), lines.join(" and ")))
}

fn none_alike(missing: &str, made: &[String]) -> Option<(String, String)> {
    // One module made and another wanted: whoever wrote dkms.conf mistook its name.
    let [only] = made else { return None };
    let (folder, name) = parts(only);
    let location = if folder.is_empty() { String::new() } else { format!(" and BUILT_MODULE_LOCATION=\"{folder}\"") };
    let line = format!("BUILT_MODULE_NAME=\"{}\"{location}", name.trim_end_matches(".ko"));
    Some((format!("the build made {only} only, and dkms.conf names {missing}"), line))
}

fn parts(path: &str) -> (&str, &str) {
    path.trim_start_matches("./").rsplit_once('/').unwrap_or(("", path))
}

/// The kernel takes `-` and `_` in a module's name for the same.
fn stem(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_nearly_that_name_or_in_another_folder_is_named() {
        for (missing, made, expected) in [
            ("ws-mod.ko", &["ws_mod.ko"][..], Some("BUILT_MODULE_NAME=\"ws_mod\"")),
            ("x.ko", &["src/x.ko", "src/y.ko"], Some("BUILT_MODULE_LOCATION=\"src\"")),
            ("a/x-y.ko", &["b/x_y.ko"], Some("BUILT_MODULE_NAME=\"x_y\" and BUILT_MODULE_LOCATION=\"b\"")),
            ("x.ko", &["drv/z.ko"], Some("BUILT_MODULE_NAME=\"z\" and BUILT_MODULE_LOCATION=\"drv\"")),
            ("x.ko", &["y.ko", "z.ko"], None),
            ("x.ko", &[], None),
        ] {
            let made: Vec<String> = made.iter().map(|made| (*made).to_owned()).collect();
            assert_eq!(misnamed(missing, &made).map(|(_, line)| line).as_deref(), expected, "{missing}");
        }
    }
}
