//! Who makes a package, where nobody is named: git's user of the checkout or of the person, else the account.

use std::path::PathBuf;

use super::args::PackageArgs;
use crate::package::description::wishes::Packager;
use crate::sys::System;

/// None with `--strict`: somebody must be named then.
pub(super) fn of(args: &PackageArgs, system: &System) -> Option<Packager> {
    if args.strict {
        return None;
    }
    let variable = |name: &str| system.variable(name).map(PathBuf::from);
    let home = variable("HOME");
    let personal = variable("XDG_CONFIG_HOME").or_else(|| Some(home.clone()?.join(".config")));
    let files = [
        args.input.as_deref().map(|input| input.join(".git/config")),
        home.map(|home| home.join(".gitconfig")),
        personal.map(|folder| folder.join("git/config")),
        Some(PathBuf::from("/etc/gitconfig")),
    ];
    let texts: Vec<String> = files.into_iter().flatten().filter_map(|file| fs_err::read_to_string(file).ok()).collect();
    let first = |key: &str| texts.iter().find_map(|text| user(text, key));
    if let (Some(name), Some(address)) = (first("name"), first("email")) {
        let (name, address) = (name.replace([',', '<', '>'], " "), address.replace(['<', '>', ' '], ""));
        return Some(Packager { person: format!("{} <{address}>", name.trim()), is_account: false });
    }
    account(system)
}

/// `[user] KEY = …` of git-config(1).
fn user(text: &str, key: &str) -> Option<String> {
    let mut is_user = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_user = line.trim_matches(['[', ']']).trim().eq_ignore_ascii_case("user");
        }
        let (name, value) = line.split_once('=').unwrap_or_default();
        if is_user && name.trim().eq_ignore_ascii_case(key) {
            let value = value.split([';', '#']).next().unwrap_or_default().trim().trim_matches('"');
            return Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
    None
}

/// The account's full name (passwd(5)) and its address on this host.
fn account(system: &System) -> Option<Packager> {
    let number = rustix::process::getuid().as_raw().to_string();
    let text = fs_err::read_to_string("/etc/passwd").unwrap_or_default();
    let line =
        text.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|line| line.get(2) == Some(&number.as_str()));
    let name = match &line {
        Some(line) => (*line.first()?).to_owned(),
        None => system.variable("USER")?.to_string_lossy().into_owned(),
    };
    let full = line
        .and_then(|line| line.get(4).and_then(|full| full.split(',').next()).map(str::to_owned))
        .unwrap_or_default();
    let full = full.replace('&', &name).replace(['<', '>', '"'], "");
    let shown = if full.trim().is_empty() { name.clone() } else { full.trim().to_owned() };
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().into_owned();
    Some(Packager { person: format!("{shown} <{name}@{}>", host_name(&host)), is_account: true })
}

/// A host's name with a domain, which addresses have.
fn host_name(host: &str) -> String {
    let plain: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '.').collect();
    match plain.trim_matches('.') {
        "" => "localhost.localdomain".to_owned(),
        host if host.contains('.') => host.to_owned(),
        host => format!("{host}.localdomain"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_of_git_is_read_without_git() {
        let text = "[core]\n\tname = no\n[user]\n\tname = \"A B\" ; x\n\temail=a@b.org\n[other]\nemail = c\n";
        assert_eq!((user(text, "name").as_deref(), user(text, "email").as_deref()), (Some("A B"), Some("a@b.org")));
        assert_eq!((user("[user]\nname=\n", "name"), user("", "email")), (None, None));
        assert_eq!(host_name("box"), "box.localdomain");
    }
}
