//! Words of DKMS 1 and 2 that are none any more, and what is done instead.

/// Actions.
const VERBS: [(&str, &str); 3] = [
    ("mkbmdeb", "`dkms mkdeb MODULE/VERSION --binaries -k KERNEL` packages what is built"),
    (
        "mkkmp",
        "`dkms mkrpm MODULE/VERSION --binaries --for sles15` packages what is built; `dkms mkpkg INPUT --for kmp` writes the spec of a kernel module package",
    ),
    (
        "mkdriverdisk",
        "installers of today take driver disks that are repositories: `dkms mkrpm MODULE/VERSION --binaries -o DIR`, then \
         `dkms mkrepo DIR`",
    ),
];

/// Options of the actions that make packages.
const OPTIONS: [(&str, &str); 4] = [
    (
        "--all",
        "a package of the source is for every kernel; --binaries without -k makes one for each kernel with a build",
    ),
    ("--archive", "-o FILE says what the package is to be called"),
    ("--legacy-postinst", "leave it out: the package has scripts of its own, which work beside any DKMS"),
    ("--kernelsourcedir", "leave it out: nothing is built while packaging"),
];

/// Actions of other programs, and ours that do the same.
const ELSEWHERE: [(&[&str], &str); 9] = [
    (&["list", "ls", "show", "info", "search"], "`dkms status` lists modules and their states"),
    (
        &["delete", "del", "rm", "erase", "purge", "uninst", "deregister"],
        "`dkms remove MODULE/VERSION --all` takes a module away",
    ),
    (&["update", "upgrade", "refresh", "sync"], "`dkms reconcile` brings every module and kernel up to date"),
    (&["rebuild", "compile", "make"], "`dkms build MODULE/VERSION --force` compiles a module again"),
    (&["version", "ver"], "`dkms --version` tells which one this is"),
    (&["man", "manual", "doc", "docs"], "`man dkms` is the manual"),
    (&["log", "logs"], "`dkms why MODULE` tells how a build ended, and where its log is"),
    (&["clean"], "`dkms unbuild MODULE/VERSION -k KERNEL` deletes a build"),
    (
        &["load", "unload", "insmod", "modprobe"],
        "`dkms install MODULE/VERSION` puts a module in place; modprobe(8) loads it",
    ),
];

/// What an action of another program is called here.
pub(super) fn elsewhere(word: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(names, _)| names.contains(&word)).map(|(_, ours)| *ours)
}

/// What is done today instead of an action.
pub(super) fn verb(word: &str) -> Option<&'static str> {
    VERBS.iter().find(|(name, _)| *name == word).map(|(_, today)| *today)
}

/// What is done today instead of an option of an action.
pub(super) fn option(verb: &str, given: &str) -> Option<&'static str> {
    let name = given.split('=').next().unwrap_or(given);
    let makes = ["mkdeb", "mkrpm", "mkdsc", "mkspec", "mkpkg"].contains(&verb);
    OPTIONS.iter().find(|(option, _)| makes && *option == name).map(|(_, today)| *today)
}
