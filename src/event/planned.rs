//! What a package manager is about to do, as it tells before it unpacks anything. Each in its own form, parsed and nothing
//! more.

use std::path::PathBuf;

use serde_json::Value;

/// Who is about to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    Apt,
    Dnf,
    /// dnf 5, which talks in JSON lines.
    Dnf5,
    /// It tells, and listens to nobody.
    Zypper,
    Pacman,
}

/// A transaction that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) manager: Manager,
    pub(crate) coming: Vec<Coming>,
    /// The packages that leave, by name; with version and architecture where that is how they are told.
    pub(crate) leaving: Vec<String>,
    /// Paths that packages bring, where nothing is said of the packages.
    pub(crate) paths: Vec<String>,
}

/// A package that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coming {
    pub(crate) name: String,
    /// Whether another version of it is there.
    pub(crate) is_upgrade: bool,
    pub(crate) place: Place,
}

/// Where its file lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// In a cache of the manager, under this name.
    Cached(String),
}

impl Manager {
    /// The one whose hook calls with this word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "apt-preflight" => Self::Apt,
            "dnf-preflight" => Self::Dnf,
            "dnf5-preflight" => Self::Dnf5,
            "zypper-preflight" => Self::Zypper,
            "pacman-preflight" => Self::Pacman,
            _ => return None,
        })
    }
}

impl Planned {
    fn nothing(manager: Manager) -> Self {
        Self { manager, coming: Vec::new(), leaving: Vec::new(), paths: Vec::new() }
    }
}

/// Version 3 of what apt gives to DPkg::Pre-Install-Pkgs (apt.conf(5)): its configuration, an empty line, and for each step
/// `NAME OLD ARCH MULTIARCH <|>|=|- NEW ARCH MULTIARCH FILE`.
pub(crate) fn apt(lines: &[String]) -> Planned {
    let mut planned = Planned::nothing(Manager::Apt);
    for line in lines.iter().skip_while(|line| !line.is_empty()).skip(1) {
        let fields: Vec<&str> = line.splitn(9, ' ').collect();
        let [name, old, _, _, _, _, _, _, file] = fields.as_slice() else { continue };
        match *file {
            "**REMOVE**" => planned.leaving.push((*name).to_owned()),
            // What is only configured was unpacked before; what has no file failed to come.
            "**CONFIGURE**" | "**ERROR**" => {}
            file => planned.coming.push(Coming {
                name: (*name).to_owned(),
                is_upgrade: *old != "-",
                place: Place::File(file.into()),
            }),
        }
    }
    planned
}

/// What our plugin of dnf 4 gives: files of packages, and the names of those that leave with a dash in front.
pub(crate) fn dnf(words: &[String]) -> Planned {
    let mut planned = Planned::nothing(Manager::Dnf);
    for word in words {
        match word.strip_prefix('-') {
            Some(name) => planned.leaving.push(name.to_owned()),
            None => planned.coming.push(of_file(word)),
        }
    }
    planned
}

/// The answer of dnf 5 to a `get` of `trans_packages`.
pub(crate) fn dnf5(answer: &str) -> Planned {
    let mut planned = Planned::nothing(Manager::Dnf5);
    let Ok(answer) = serde_json::from_str::<Value>(answer) else { return planned };
    for package in answer["return"]["trans_packages"].as_array().into_iter().flatten() {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let named = format!("{}-{}.{}", text("name"), text("evr"), text("arch"));
        match text("action").as_str() {
            "I" | "U" | "D" | "R" => {
                let location = text("location");
                let base = location.rsplit('/').next().unwrap_or_default().to_owned();
                let place = if location.starts_with('/') { Place::File(location.into()) } else { Place::Cached(base) };
                planned.coming.push(Coming { name: text("name"), is_upgrade: text("action") != "I", place });
            }
            _ => planned.leaving.push(named),
        }
    }
    planned
}

/// What libzypp tells its commit plugins: the body of COMMITBEGIN (libzypp, PluginFrame and Transaction as JSON).
pub(crate) fn zypper(body: &str) -> Planned {
    let mut planned = Planned::nothing(Manager::Zypper);
    let Ok(body) = serde_json::from_str::<Value>(body) else { return planned };
    for step in body["TransactionStepList"].as_array().into_iter().flatten() {
        let text = |name: &str| step["solvable"][name].as_str().unwrap_or_default();
        let named = format!("{}-{}-{}.{}", text("n"), text("v"), text("r"), text("a"));
        match step["type"].as_str() {
            Some("-") => planned.leaving.push(named),
            Some("+" | "M") => planned.coming.push(Coming {
                name: text("n").to_owned(),
                is_upgrade: false,
                place: Place::Cached(format!("{named}.rpm")),
            }),
            _ => {}
        }
    }
    planned
}

/// The paths that alpm's NeedsTargets writes.
pub(crate) fn pacman(lines: &[String]) -> Planned {
    Planned { paths: lines.to_vec(), ..Planned::nothing(Manager::Pacman) }
}

/// A package's name out of that of its file: `NAME-VERSION-RELEASE.ARCH.rpm`.
fn of_file(file: &str) -> Coming {
    let base = file.rsplit('/').next().unwrap_or(file);
    let name = base.rsplitn(3, '-').last().unwrap_or(base).to_owned();
    Coming { name, is_upgrade: true, place: Place::File(file.into()) }
}

/// Whether a package of this name brings what a kernel's modules are built with. kernel-headers is for the C library.
pub(crate) fn brings_headers(name: &str) -> bool {
    let is_of_kernel =
        ["linux", "kernel", "proxmox", "pve", "raspberrypi-kernel"].iter().any(|word| name.starts_with(word));
    let is_for_modules =
        ["-headers", "-devel", "-kbuild"].iter().any(|word| name.contains(word)) || name == "kernel-source";
    is_of_kernel && is_for_modules && name != "kernel-headers" && !name.starts_with("linux-api")
}

/// Whether a package of this name is known by it to bring a module's source.
pub(crate) fn brings_module(name: &str) -> bool {
    name.contains("dkms") && name != "dkms" && !name.starts_with("dkms-rs") && name != "dh-dkms"
}

/// Whether this is the image of that kernel.
pub(crate) fn is_image_of(package: &str, kernel: &str) -> bool {
    let is_image = ["linux-image-", "linux-modules-", "kernel-", "linux-"].iter().any(|word| package.starts_with(word));
    is_image && !brings_headers(package) && package.ends_with(kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn apt_tells_files_and_removals_behind_its_configuration() {
        let planned = apt(&lines(
            "VERSION 3\nAPT::Architecture=amd64\nDir=/\n\n\
             linux-headers-6.1.0-51-amd64 - - none < 6.1.1-1 amd64 none /var/cache/apt/archives/l.deb\n\
             blink-dkms 1.0-1 all none < 2.0-1 all none /var/cache/apt/archives/b c.deb\n\
             linux-image-6.1.0-49-amd64 6.1.0-1 amd64 none > - - none **REMOVE**\n\
             linux-headers-6.1.0-51-amd64 - - none < 6.1.1-1 amd64 none **CONFIGURE**",
        ));
        let names: Vec<_> = planned.coming.iter().map(|coming| (coming.name.as_str(), coming.is_upgrade)).collect();
        assert_eq!(names, [("linux-headers-6.1.0-51-amd64", false), ("blink-dkms", true)]);
        assert_eq!(planned.coming[1].place, Place::File("/var/cache/apt/archives/b c.deb".into()));
        assert_eq!(planned.leaving, ["linux-image-6.1.0-49-amd64"]);
        assert_eq!(apt(&lines("VERSION 3\nDir=/")).coming, []);
    }

    #[test]
    fn dnf_and_zypper_tell_packages_in_forms_of_their_own() {
        let planned = dnf(&lines("/c/kernel-devel-6.5.0-100.fc39.x86_64.rpm\n-kernel-core-6.4.0-1.fc39.x86_64"));
        assert_eq!(planned.coming[0].name, "kernel-devel");
        assert_eq!(planned.leaving, ["kernel-core-6.4.0-1.fc39.x86_64"]);
        let planned = dnf5(
            r#"{"status":"OK","return":{"trans_packages":[
                {"action":"I","name":"kernel-devel","evr":"6.5.0-1","arch":"x86_64","location":"p/kernel-devel-6.5.0-1.x86_64.rpm"},
                {"action":"E","name":"kernel-core","evr":"6.4.0-1","arch":"x86_64","location":""}]}}"#,
        );
        assert_eq!(planned.coming[0].place, Place::Cached("kernel-devel-6.5.0-1.x86_64.rpm".into()));
        assert_eq!(planned.leaving, ["kernel-core-6.4.0-1.x86_64"]);
        let planned = zypper(
            r#"{"TransactionStepList":[{"type":"+","solvable":{"n":"kernel-devel","v":"6.5.0","r":"1","a":"noarch"}},
                {"type":"-","solvable":{"n":"blink-dkms","v":"1","r":"1","a":"noarch"}}]}"#,
        );
        assert_eq!(planned.coming[0].place, Place::Cached("kernel-devel-6.5.0-1.noarch.rpm".into()));
        assert_eq!(planned.leaving, ["blink-dkms-1-1.noarch"]);
        assert_eq!(dnf5("nonsense").coming, []);
    }

    #[test]
    fn packages_with_headers_or_sources_are_known_by_their_names() {
        for (name, headers, module) in [
            ("linux-headers-6.1.0-51-amd64", true, false),
            ("linux-headers-6.1.0-51-common", true, false),
            ("linux-kbuild-6.1", true, false),
            ("linux-headers", true, false),
            ("linux-lts-headers", true, false),
            ("kernel-devel", true, false),
            ("kernel-default-devel", true, false),
            ("proxmox-headers-6.8.4-3-pve", true, false),
            ("kernel-headers", false, false),
            ("linux-api-headers", false, false),
            ("linux-libc-dev", false, false),
            ("linux-image-6.1.0-51-amd64", false, false),
            ("blink-dkms", false, true),
            ("nvidia-kernel-dkms", false, true),
            ("dkms", false, false),
            ("dkms-rs", false, false),
            ("vim", false, false),
        ] {
            assert_eq!((brings_headers(name), brings_module(name)), (headers, module), "{name}");
        }
        assert!(is_image_of("linux-image-6.1.0-51-amd64", "6.1.0-51-amd64"));
        assert!(is_image_of("kernel-core-6.5.0-100.fc39.x86_64", "6.5.0-100.fc39.x86_64"));
        assert!(!is_image_of("linux-headers-6.1.0-51-amd64", "6.1.0-51-amd64"));
    }
}
