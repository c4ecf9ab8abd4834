//! Which modules an initramfs is to hold by the settings of what makes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::builtin;
use super::initramfs::Maker;
use crate::sys::System;

/// A module a line, its options behind it (initramfs-tools(7)).
const OF_INITRAMFS_TOOLS: [&str; 2] = ["/etc/initramfs-tools/modules", "/usr/share/initramfs-tools/modules.d"];
/// Shell assignments of words (dracut.conf(5)).
const OF_DRACUT: [&str; 3] = ["/etc/dracut.conf", "/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d"];
const DRIVERS: [&str; 3] = ["add_drivers", "force_drivers", "drivers"];
/// Arrays of a shell (mkinitcpio.conf(5)).
const OF_MKINITCPIO: [&str; 2] = ["/etc/mkinitcpio.conf", "/etc/mkinitcpio.conf.d"];

/// Their names as the kernel has them. Settings that a shell would have to work out name none.
pub(crate) fn wanted(system: &System, maker: &Maker) -> BTreeSet<String> {
    let names = |files: &[&str], names_of: fn(&str) -> Vec<String>| {
        let texts = files.iter().flat_map(|file| texts(system, file));
        texts.flat_map(|text| names_of(&text)).map(|name| builtin::name(&name)).collect::<BTreeSet<_>>()
    };
    let tools = || names(&OF_INITRAMFS_TOOLS, lines);
    let dracut = || names(&OF_DRACUT, drivers);
    let mkinitcpio = || names(&OF_MKINITCPIO, modules);
    match maker {
        Maker::InitramfsTools => tools(),
        Maker::Dracut => dracut(),
        Maker::Mkinitcpio { .. } => mkinitcpio(),
        // Whichever of them it calls.
        Maker::KernelInstall { .. } => [tools(), dracut(), mkinitcpio()].into_iter().flatten().collect(),
    }
}

/// What a file says, or each of a folder.
fn texts(system: &System, place: &str) -> Vec<String> {
    let place = system.path(place);
    let files: Vec<PathBuf> = match fs::read_dir(&place) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![place],
    };
    files.iter().filter_map(|file| readable(file)).collect()
}

fn readable(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok()
}

fn uncommented(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty())
}

fn lines(text: &str) -> Vec<String> {
    uncommented(text).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn drivers(text: &str) -> Vec<String> {
    let value = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let is_it = DRIVERS.contains(&name.trim_end_matches('+'));
        is_it.then(|| words(value.trim_matches(['"', '\''])))
    };
    uncommented(text).filter_map(value).flatten().collect()
}

/// What stands between the brackets of `MODULES=(…)` and `MODULES+=(…)`; a `?` behind a name says that it may be
/// missing.
fn modules(text: &str) -> Vec<String> {
    let text: String = uncommented(text).map(|line| format!("{line}\n")).collect();
    let arrays = text.split("\nMODULES").chain(text.strip_prefix("MODULES")).filter_map(|rest| {
        let rest = rest.strip_prefix('+').unwrap_or(rest);
        rest.strip_prefix("=(")?.split_once(')').map(|(inside, _)| inside)
    });
    arrays.flat_map(words).collect()
}

/// Module names among these words.
fn words(text: &str) -> Vec<String> {
    let plain = text.split_whitespace().map(|word| word.trim_matches(['"', '\'', '?']));
    let is_name = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    plain.filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn each_makers_settings_name_modules_in_their_own_way() {
        let root = tree(&[
            ("etc/initramfs-tools/modules", "# comment\n\nloop-back max=1\n"),
            ("usr/share/initramfs-tools/modules.d/x", "tool\n"),
            (
                "etc/dracut.conf.d/a.conf",
                "add_drivers+=\" one two-2 \"\n#add_drivers+=\" no \"\nomit_drivers+=\" no \"\n",
            ),
            ("etc/dracut.conf", "force_drivers+=' three $(uname -r) '\n"),
            ("etc/mkinitcpio.conf", "# MODULES=(no)\nMODULES=(nvidia\n  \"nvidia-drm\" vbox?)\nHOOKS=(base udev)\n"),
            ("etc/mkinitcpio.conf.d/x.conf", "BINARIES=()\nMODULES+=(more)\n"),
        ]);
        let system = System::host().with_root(root.path());
        let of = |maker: Maker| Vec::from_iter(wanted(&system, &maker)).join(" ");
        assert_eq!(of(Maker::InitramfsTools), "loop_back tool");
        assert_eq!(of(Maker::Dracut), "one three two_2");
        assert_eq!(of(Maker::Mkinitcpio { preset: "linux".into() }), "more nvidia nvidia_drm vbox");
        let all = "loop_back more nvidia nvidia_drm one three tool two_2 vbox";
        assert_eq!(of(Maker::KernelInstall { kernel: "/boot/vmlinuz".into() }), all);
    }
}
