//! The environment that foreign code finds: made from a list of what may pass, never the caller's with holes in it. What
//! would reach a make or a script by accident (flags of an outer make, a cross compiler's prefix, a preloaded library)
//! decides what is built, and differs from one caller to the next.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

pub(crate) type Environment = BTreeMap<OsString, OsString>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Everything that decides what a module becomes.
    Build,
    /// A script that acts on the machine, and may talk to the person and to the package manager.
    Script,
}

/// Who calls, where and when; what leads to the network; and no more. `X*` stands for all that begin with `X`.
const EVERYBODY: [&str; 15] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TERM",
    "TZ",
    "SOURCE_DATE_EPOCH",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
];

/// The person's language, and what package managers tell the tools below them (update-initramfs waits for dpkg's triggers by
/// it, systemctl knows an image by it).
const SCRIPTS: [&str; 10] =
    ["LANG", "LANGUAGE", "LC_*", "DPKG_*", "DEB_*", "DEBIAN_*", "DEBCONF_*", "KERNEL_INSTALL_*", "SYSTEMD_*", "INITRD"];

/// What fakechroot and fakeroot live by: without it their programs see another root and another user.
const OF_A_FAKE: [&str; 4] = ["LD_PRELOAD", "LD_LIBRARY_PATH", "FAKECHROOT*", "FAKEROOT*"];

/// What is a shell's own, or ours, and no loss to anybody.
const NO_LOSS: [&str; 6] = ["_", "PWD", "OLDPWD", "SHLVL", "SHELL", "DKMS_*"];

/// What never passes, whoever names it: make reads commands of an outer make from them, and the jobserver has its own.
const NEVER: [&str; 3] = ["MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS"];

/// The caller's variables that `whom` may see, those of `named` among them. Folders of PATH that are relative are left out,
/// and builds are told to speak English, in UTF-8 where the caller does: programs read their logs.
pub(crate) fn made(caller: &Environment, whom: Whom, named: &[String]) -> Environment {
    let mut made: Environment = caller
        .iter()
        .filter(|(name, _)| passes(caller, whom, named, name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(path) = made.get(OsStr::new("PATH")).map(|path| absolute(path)) {
        made.insert("PATH".into(), path);
    }
    let is_named = named.iter().any(|pattern| covers(pattern, "LANG"));
    if whom == Whom::Build && !is_named {
        made.insert("LANG".into(), if is_utf8(caller) { "C.UTF-8" } else { "C" }.into());
    }
    made
}

/// The names of the caller's variables that neither builds nor scripts see.
pub(crate) fn left_out(caller: &Environment, named: &[String]) -> Vec<String> {
    let is_lost = |name: &&OsString| !passes(caller, Whom::Script, named, name) && !any(&NO_LOSS, name);
    caller.keys().filter(is_lost).map(|name| name.to_string_lossy().into_owned()).collect()
}

/// Those that pass because `named` says so, or that decide what is built all the same.
pub(crate) fn deciding<'e>(caller: &'e Environment, named: &[String]) -> Vec<(&'e OsString, &'e OsString)> {
    let decides = |name: &OsStr| name == "SOURCE_DATE_EPOCH" || is_named(named, name);
    caller.iter().filter(|(name, _)| decides(name)).collect()
}

/// Whether a word can name variables that are to pass: a name, or the beginning of one with `*`.
pub(crate) fn check(word: &str) -> Result<(), &'static str> {
    let name = word.strip_suffix('*').unwrap_or(word);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_name) {
        return Err("no name of a variable, nor the beginning of one with `*`");
    }
    if NEVER.contains(&word) {
        return Err("what a make tells the makes below it, and never passes");
    }
    Ok(())
}

fn passes(caller: &Environment, whom: Whom, named: &[String], name: &OsStr) -> bool {
    let is_fake = ["FAKECHROOT", "FAKEROOTKEY"].iter().any(|mark| caller.contains_key(OsStr::new(mark)));
    any(&EVERYBODY, name)
        || whom == Whom::Script && any(&SCRIPTS, name)
        || is_fake && any(&OF_A_FAKE, name)
        || is_named(named, name)
}

fn is_named(named: &[String], name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !NEVER.contains(&name.as_ref()) && named.iter().any(|pattern| covers(pattern, &name))
}

fn any(patterns: &[&str], name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    patterns.iter().any(|pattern| covers(pattern, &name))
}

fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// A build starts in a folder that foreign code fills: a relative folder of PATH would find that code's programs first.
fn absolute(path: &OsStr) -> OsString {
    let folders = std::env::split_paths(path).filter(|folder| Path::new(folder).is_absolute());
    std::env::join_paths(folders).unwrap_or_else(|_| super::DEFAULT_PATH.into())
}

/// What the locale says of characters, in the order of setlocale(3).
fn is_utf8(caller: &Environment) -> bool {
    let set = |name: &str| caller.get(OsStr::new(name)).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.map(|locale| locale.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// What reached make by accident before, and what does every build good.
    const CALLER: &[(&str, &str)] = &[
        ("PATH", "/usr/bin:.:bin::/bin"),
        ("HOME", "/root"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("DPKG_MAINTSCRIPT_PACKAGE", "foo"),
        ("DKMS_LOCK", "ours"),
        ("PWD", "/"),
        ("CCACHE_DIR", "/c"),
    ];
    const ACCIDENTS: [&str; 24] = [
        "ARCH",
        "BASH_ENV",
        "BASH_FUNC_make%%",
        "CC",
        "CFLAGS",
        "CROSS_COMPILE",
        "GIT_DIR",
        "GNUMAKEFLAGS",
        "INSTALL_MOD_PATH",
        "KBUILD_OUTPUT",
        "KCFLAGS",
        "KDIR",
        "LDFLAGS",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "LLVM",
        "MAKEFILES",
        "MAKEFLAGS",
        "MFLAGS",
        "O",
        "PERL5LIB",
        "SHELLOPTS",
        "TMPDIR",
        "kernelver",
    ];

    fn caller() -> Environment {
        let mut caller = environment(CALLER);
        caller.extend(ACCIDENTS.map(|name| (name.into(), "x".into())));
        caller
    }

    #[test]
    fn a_build_finds_what_is_listed_and_nothing_else() {
        let expected = environment(&[("HOME", "/root"), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin")]);
        assert_eq!(made(&caller(), Whom::Build, &[]), expected);
        let plain = environment(&[("LANG", "C")]);
        assert_eq!(made(&environment(&[("LANG", "de_DE@euro")]), Whom::Build, &[]), plain);
    }

    #[test]
    fn a_script_finds_the_persons_language_and_the_package_manager_besides() {
        let expected = environment(&[
            ("DPKG_MAINTSCRIPT_PACKAGE", "foo"),
            ("HOME", "/root"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("PATH", "/usr/bin:/bin"),
        ]);
        assert_eq!(made(&caller(), Whom::Script, &[]), expected);
    }

    #[test]
    fn what_is_named_passes_but_for_the_flags_of_an_outer_make() {
        let named = ["CCACHE_*", "KCFLAGS", "M*", "G*"].map(str::to_owned);
        let found = made(&caller(), Whom::Build, &named);
        let names: Vec<_> = found.keys().map(|name| name.to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["CCACHE_DIR", "GIT_DIR", "HOME", "KCFLAGS", "LANG", "MAKEFILES", "PATH"]);
        let caller = caller();
        let decides: Vec<_> = deciding(&caller, &named[..2]).into_iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(decides, ["CCACHE_DIR", "KCFLAGS"]);
    }

    #[test]
    fn what_was_left_out_is_known() {
        let mut expected = ACCIDENTS.to_vec();
        expected.push("CCACHE_DIR");
        expected.sort_unstable();
        assert_eq!(left_out(&caller(), &[]), expected);
    }

    #[test]
    fn a_fake_root_stays_one() {
        let caller = environment(&[("LD_PRELOAD", "libfakeroot.so"), ("FAKEROOTKEY", "1"), ("LD_DEBUG", "all")]);
        let found = made(&caller, Whom::Build, &[]);
        assert!(found.contains_key(OsStr::new("LD_PRELOAD")) && found.contains_key(OsStr::new("FAKEROOTKEY")));
        assert!(!found.contains_key(OsStr::new("LD_DEBUG")));
    }

    #[test]
    fn words_that_name_no_variables_are_refused() {
        for (word, good) in
            [("A", true), ("CCACHE_*", true), ("*", false), ("1A", false), ("A-B", false), ("MAKEFLAGS", false)]
        {
            assert_eq!(check(word).is_ok(), good, "{word}");
        }
    }
}
