//! Where the key and the certificate lie that modules are signed with: by framework.conf, the distribution's rule, or in the
//! DKMS tree.

use std::path::{Path, PathBuf};

use super::{Framework, TrySign};
use crate::ids::KernelRelease;
use crate::sys::{System, chroot};
use crate::tree::Layout;

/// Ubuntu's machine owner key, which its own tools enrol.
const UBUNTU_KEYS: &str = "/var/lib/shim-signed/mok";

/// Pairs that other programs make and have enrolled. They sign here as well where both files are there and dkms has made no pair
/// of its own: another key would have to be enrolled first.
/// Sources: akmods, README.secureboot and kmodgenca(8), whose links these are (Fedora, RHEL and their kin); sbctl(8), FILES, with
/// the place that it had before 0.15 (Arch and others that hold the keys of their firmware).
const PAIRS_OF_OTHERS: [(&str, &str); 3] = [
    ("/etc/pki/akmods/private/private_key.priv", "/etc/pki/akmods/certs/public_key.der"),
    ("/var/lib/sbctl/keys/db/db.key", "/var/lib/sbctl/keys/db/db.pem"),
    ("/usr/share/secureboot/keys/db/db.key", "/usr/share/secureboot/keys/db/db.pem"),
];

/// The two files of a key, as a process inside the root names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFiles {
    /// The private key: a path, or a `pkcs11:` address.
    pub(crate) key: String,
    pub(crate) certificate: String,
    /// Who makes them when they are missing.
    pub(crate) maker: Maker,
}

/// All that signs a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pairs {
    pub(crate) first: KeyFiles,
    /// For machines that know only this key. Its owner makes it. Of settings that name one file alone the other is empty.
    pub(crate) second: Option<KeyFiles>,
}

/// Who makes a missing key or certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    Dkms,
    Ubuntu,
    /// Their owner: a token, or the key of a kernel that he built himself.
    Owner,
}

impl KeyFiles {
    /// The pair that signs modules for this kernel, by framework.conf, the distribution's rule, or in the DKMS tree.
    pub(crate) fn locate(
        system: &System,
        framework: &Framework,
        layout: &Layout,
        kernel: Option<&KernelRelease>,
    ) -> Self {
        let own = |file: &str| layout.tree_name().join(file).to_string_lossy().into_owned();
        let release = kernel.map_or("", KernelRelease::as_str);
        let expand = |value: &Option<String>| value.as_ref().map(|value| Framework::expand(value, release));
        let configured = (expand(&framework.mok_signing_key), expand(&framework.mok_certificate));
        if configured == (None, None)
            && let Some(files) = of_distribution(system).or_else(|| of_others(system, &own("mok.key")))
        {
            return files;
        }
        let key = configured.0.unwrap_or_else(|| own("mok.key"));
        let certificate = configured.1.unwrap_or_else(|| own("mok.pub"));
        let maker = if is_in_a_token(&key) { Maker::Owner } else { Maker::Dkms };
        Self { key, certificate, maker }
    }

    /// What framework.conf wants to sign as well.
    fn locate_second(framework: &Framework, kernel: Option<&KernelRelease>) -> Option<Self> {
        let release = kernel.map_or("", KernelRelease::as_str);
        let expand = |value: &Option<String>| value.as_ref().map(|value| Framework::expand(value, release));
        let (key, certificate) = (expand(&framework.second_signing_key), expand(&framework.second_certificate));
        let is_named = key.is_some() || certificate.is_some();
        let (key, certificate) = (key.unwrap_or_default(), certificate.unwrap_or_default());
        is_named.then_some(Self { key, certificate, maker: Maker::Owner })
    }

    /// One of the two that is not named (then it is empty), or not there.
    pub(crate) fn missing(&self, system: &System) -> Option<&str> {
        let files = [self.key.as_str(), self.certificate.as_str()];
        let is_missing = |file: &&str| !is_in_a_token(file) && !system.path(file).is_file();
        files.into_iter().find(|file| file.is_empty()).or_else(|| files.into_iter().find(is_missing))
    }
}

impl Pairs {
    /// Those of this kernel.
    pub(crate) fn locate(
        system: &System,
        framework: &Framework,
        layout: &Layout,
        kernel: Option<&KernelRelease>,
    ) -> Self {
        let first = KeyFiles::locate(system, framework, layout, kernel);
        let names = |files: &KeyFiles| (files.key.clone(), files.certificate.clone());
        // The same pair twice signs once.
        let second = KeyFiles::locate_second(framework, kernel).filter(|second| names(second) != names(&first));
        Self { first, second }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &KeyFiles> {
        std::iter::once(&self.first).chain(&self.second)
    }

    /// The files of their certificates; an address of a token is none.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &str> {
        self.all().map(|files| files.certificate.as_str()).filter(|file| !is_in_a_token(file))
    }

    /// Whether signing is worth a try with each of them ([`KeyFiles::look_usable`]).
    pub(crate) fn look_usable(&self, system: &System) -> bool {
        self.all().all(|files| !files.certificate.is_empty() && files.look_usable(system))
    }
}

/// The files of every private key that may sign here, by whichever rule, and of those that wait for their turn: what no foreign
/// code is to see.
pub(crate) fn private_keys(system: &System, framework: &Framework, kernel: &str) -> Vec<PathBuf> {
    let configured = [&framework.mok_signing_key, &framework.second_signing_key].into_iter().flatten();
    let configured = configured.map(|key| Framework::expand(key, kernel));
    let of_distribution = of_distribution(system).map(|files| files.key);
    let of_others = PAIRS_OF_OTHERS.iter().map(|(key, _)| (*key).to_owned());
    let keys = configured.chain(of_distribution).chain(of_others).map(PathBuf::from);
    let keys = keys.chain([framework.dkms_tree.join("mok.key")]).filter(|key| key.is_absolute());
    keys.flat_map(|key| [next_to(&key), key]).collect()
}

/// Where the successor of a file lies until its turn.
pub(crate) fn next_to(file: &Path) -> PathBuf {
    let mut next = file.as_os_str().to_owned();
    next.push(".next");
    next.into()
}

/// Whether a key or certificate has an address of PKCS #11 in place of a file (RFC 7512).
pub(crate) fn is_in_a_token(file: &str) -> bool {
    file.starts_with("pkcs11:")
}

/// Why modules are not to be signed here, whatever the kernel takes: by `try_sign_modules`. None: they are.
pub(crate) fn unwanted(system: &System, framework: &Framework) -> Option<&'static str> {
    match framework.try_sign {
        TrySign::No => Some("try_sign_modules is off"),
        TrySign::Yes => None,
        TrySign::NotInChroot => chroot::certain(system),
    }
}

impl KeyFiles {
    /// Whether its key is there and cannot sign as it is: it is locked, or no private key in PEM.
    #[cfg(any(test, feature = "packages"))]
    pub(crate) fn is_locked(&self, system: &System) -> bool {
        let bytes = || fs_err::read(system.path(&self.key));
        !is_in_a_token(&self.key) && bytes().is_ok_and(|bytes| !is_open_pem(&String::from_utf8_lossy(&bytes)))
    }

    /// Whether signing is worth a try, for all that the key's file says: it is there and not locked, or will be made.
    fn look_usable(&self, system: &System) -> bool {
        if is_in_a_token(&self.key) {
            return true;
        }
        match fs_err::read_to_string(system.path(&self.key)) {
            Ok(text) => is_open_pem(&text),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound && self.maker != Maker::Owner,
        }
    }
}

/// Whether a private key in PEM is whole and asks for no passphrase.
fn is_open_pem(text: &str) -> bool {
    let begins = |line: &&str| line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----");
    let Some(begin) = text.lines().map(str::trim_end).find(begins) else { return false };
    let is_locked = begin.contains("ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED");
    !is_locked && text.contains(&begin.replace("BEGIN", "END"))
}

/// Keys that a distribution keeps outside the DKMS tree.
fn of_distribution(system: &System) -> Option<KeyFiles> {
    let release = system.os_release()?;
    if release.family().starts_with("ubuntu") && system.has_program("update-secureboot-policy") {
        let file = |name: &str| format!("{UBUNTU_KEYS}/{name}");
        return Some(KeyFiles { key: file("MOK.priv"), certificate: file("MOK.der"), maker: Maker::Ubuntu });
    }
    if release.id == "gentoo" || release.family().starts_with("gentoo") {
        let key = portage_setting(system, "MODULES_SIGN_KEY")?;
        // One PEM file may hold both.
        let certificate = portage_setting(system, "MODULES_SIGN_CERT").unwrap_or_else(|| key.clone());
        return Some(KeyFiles { key, certificate, maker: Maker::Owner });
    }
    None
}

/// `own`: the key that dkms makes.
fn of_others(system: &System, own: &str) -> Option<KeyFiles> {
    let is_there = |file: &str| system.path(file).is_file();
    let (key, certificate) =
        PAIRS_OF_OTHERS.iter().find(|(key, certificate)| is_there(key) && is_there(certificate))?;
    let files = KeyFiles { key: (*key).to_owned(), certificate: (*certificate).to_owned(), maker: Maker::Owner };
    (!is_there(own)).then_some(files)
}

/// A setting of the environment, else of /etc/portage/make.conf (a file, or a folder of files; make.conf(5)).
fn portage_setting(system: &System, name: &str) -> Option<String> {
    if let Some(value) = system.variable(name) {
        return Some(value.to_string_lossy().into_owned());
    }
    let place = system.path("/etc/portage/make.conf");
    let mut files: Vec<PathBuf> = match fs_err::read_dir(&place) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![place],
    };
    files.sort();
    let texts = files.iter().filter_map(|file| fs_err::read_to_string(file).ok());
    texts.filter_map(|text| last_assignment(&text, name)).next_back()
}

/// The value that a file of plain `NAME="VALUE"` lines gives a name.
fn last_assignment(text: &str, name: &str) -> Option<String> {
    let value = |line: &str| {
        let line = line.trim();
        let (found, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        (found.trim() == name).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    text.lines().filter_map(value).next_back().filter(|value| !value.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    pub(crate) fn root(os_release: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in ["etc", "var/lib/dkms", "usr/sbin"] {
            fs_err::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs_err::write(root.path().join("etc/os-release"), os_release).unwrap();
        root
    }

    pub(crate) fn system(root: &Path) -> System {
        let environment = BTreeMap::from([("PATH".into(), "/usr/sbin".into())]);
        System::host().with_root(root).with_environment(environment)
    }

    fn framework() -> Framework {
        Framework::defaults(&System::host().with_environment(BTreeMap::new()))
    }

    pub(crate) fn pairs(system: &System, framework: &Framework) -> Pairs {
        let layout = Layout::new(system.root(), "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), "/lib/modules".as_ref());
        Pairs::locate(system, framework, &layout, Some(&KernelRelease::new("6.1").unwrap()))
    }

    fn locate(system: &System, framework: &Framework) -> KeyFiles {
        pairs(system, framework).first
    }

    fn names(files: &KeyFiles) -> (&str, &str) {
        (&files.key, &files.certificate)
    }

    #[test]
    fn the_pair_lies_in_the_tree_unless_something_else_is_configured() {
        let root = root("ID=debian\n");
        let system = system(root.path());
        assert_eq!(names(&locate(&system, &framework())), ("/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub"));
        let framework = Framework {
            mok_signing_key: Some("/keys/$kernelver.key".into()),
            mok_certificate: Some("/keys/${kernelver}x.der".into()),
            ..framework()
        };
        assert_eq!(names(&locate(&system, &framework)), ("/keys/6.1.key", "/keys/6.1x.der"));
    }

    #[test]
    fn a_second_pair_that_is_the_first_once_more_is_none() {
        let root = root("ID=debian\n");
        let second = |key: &str| {
            let framework = Framework {
                second_signing_key: Some(key.into()),
                second_certificate: Some("/var/lib/dkms/mok.pub".into()),
                ..framework()
            };
            pairs(&system(root.path()), &framework).second
        };
        assert_eq!(second("/var/lib/dkms/mok.key"), None);
        assert!(second("/var/lib/dkms/other.key").is_some_and(|second| second.missing(&system(root.path())).is_some()));
    }

    #[test]
    fn a_key_that_cannot_sign_as_it_is_is_told_by_name() {
        let root = root("ID=debian\n");
        let (system, place) = (system(root.path()), |name: &str| root.path().join("etc").join(name));
        let pem = |kind: &str| format!("-----BEGIN {kind}PRIVATE KEY-----\nx\n-----END {kind}PRIVATE KEY-----\n");
        fs_err::write(place("open"), pem("")).unwrap();
        fs_err::write(place("shut"), pem("ENCRYPTED ")).unwrap();
        fs_err::write(place("second.der"), b"\xff\xfe").unwrap();
        for (first, second, locked) in [
            ("/etc/open", "/etc/shut", Some("/etc/shut")),
            ("/etc/second.der", "/etc/open", Some("/etc/second.der")),
            ("/etc/open", "/etc/none", None),
            ("/etc/open", "/etc/open", None),
        ] {
            let framework = Framework {
                mok_signing_key: Some(first.into()),
                second_signing_key: Some(second.into()),
                second_certificate: Some("/etc/second.der".into()),
                ..framework()
            };
            let found = pairs(&system, &framework);
            let found = found.all().find(|files| files.is_locked(&system)).map(|files| files.key.as_str());
            assert_eq!(found, locked, "{first} {second}");
        }
    }

    #[test]
    fn no_private_key_is_seen_by_foreign_code_whichever_rule_names_it() {
        let root = root("ID=gentoo\n");
        let system =
            system(root.path()).with_environment(BTreeMap::from([("MODULES_SIGN_KEY".into(), "/env.pem".into())]));
        let framework = Framework {
            mok_signing_key: Some("/keys/$kernelver.key".into()),
            second_signing_key: Some("pkcs11:token".into()),
            ..framework()
        };
        let keys = private_keys(&system, &framework, "6.1");
        for key in ["/keys/6.1.key", "/env.pem", "/var/lib/dkms/mok.key", "/var/lib/dkms/mok.key.next"] {
            assert!(keys.iter().any(|found| found == Path::new(key)), "{key}: {keys:?}");
        }
        assert!(PAIRS_OF_OTHERS.iter().all(|(key, _)| keys.contains(&PathBuf::from(key))));
        assert!(keys.iter().all(|key| key.is_absolute()), "an address in a token is no file: {keys:?}");
        let second = Framework { second_signing_key: Some("/keys/second".into()), ..framework };
        assert!(private_keys(&system, &second, "6.1").contains(&PathBuf::from("/keys/second")));
    }

    #[test]
    fn ubuntu_keeps_its_keys_where_its_tool_does() {
        let root = root("ID=ubuntu\nID_LIKE=debian\n");
        let system = system(root.path());
        assert_eq!(locate(&system, &framework()).key, "/var/lib/dkms/mok.key", "without the tool");
        let tool = root.path().join("usr/sbin/update-secureboot-policy");
        fs_err::write(&tool, "#!/bin/sh\n").unwrap();
        fs_err::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let files = locate(&system, &framework());
        assert_eq!(names(&files), ("/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der"));
        let configured = Framework { mok_certificate: Some("/etc/c".into()), ..framework() };
        assert_eq!(names(&locate(&system, &configured)), ("/var/lib/dkms/mok.key", "/etc/c"));
    }

    #[test]
    fn a_pair_of_akmods_or_sbctl_signs_until_there_is_one_of_our_own() {
        for (key, certificate) in PAIRS_OF_OTHERS {
            let root = root("ID=fedora\n");
            let system = system(root.path());
            let write = |file: &str| {
                let file = root.path().join(file.trim_start_matches('/'));
                fs_err::create_dir_all(file.parent().unwrap()).unwrap();
                fs_err::write(file, "").unwrap();
            };
            write(key);
            assert_eq!(locate(&system, &framework()).key, "/var/lib/dkms/mok.key", "without its certificate");
            write(certificate);
            let files = locate(&system, &framework());
            assert_eq!((names(&files), files.maker), ((key, certificate), Maker::Owner));
            write("/var/lib/dkms/mok.key");
            assert_eq!(locate(&system, &framework()).key, "/var/lib/dkms/mok.key", "what is enrolled stays in use");
        }
    }

    #[test]
    fn gentoo_names_its_keys_in_the_environment_or_in_make_conf() {
        let root = root("ID=gentoo\n");
        let system = system(root.path());
        assert_eq!(locate(&system, &framework()).key, "/var/lib/dkms/mok.key");
        let place = root.path().join("etc/portage/make.conf");
        fs_err::create_dir_all(root.path().join("etc/portage")).unwrap();
        fs_err::write(&place, "USE=\"x\"\nMODULES_SIGN_KEY=\"/a.pem\"\nMODULES_SIGN_KEY='/b.pem'\n").unwrap();
        assert_eq!(names(&locate(&system, &framework())), ("/b.pem", "/b.pem"));
        assert_eq!(locate(&system, &framework()).maker, Maker::Owner);

        fs_err::remove_file(&place).unwrap();
        fs_err::create_dir(&place).unwrap();
        fs_err::write(place.join("signing"), "MODULES_SIGN_KEY=/c.pem\nMODULES_SIGN_CERT=/c.crt\n").unwrap();
        assert_eq!(names(&locate(&system, &framework())), ("/c.pem", "/c.crt"));
        let system = system.with_environment(BTreeMap::from([("MODULES_SIGN_KEY".into(), "/env.pem".into())]));
        assert_eq!(names(&locate(&system, &framework())), ("/env.pem", "/c.crt"));
    }
}
