//! A kernel's initramfs: where it lies, which modules are in it, how it is made anew. The tools that make it are asked.
//! It may be a part of a unified kernel image.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use fs_err as fs;

use super::builtin::plain_name;
use super::{Suffix, uki};
use crate::ids::KernelRelease;
use crate::sys::fs::{leads_to_file, resolve};
use crate::sys::{Command, System, scratch};

/// What makes the initramfs of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Maker {
    /// initramfs-tools: update-initramfs(8), lsinitramfs(8)
    InitramfsTools,
    /// dracut(8), lsinitrd(1)
    Dracut,
    /// mkinitcpio(8), lsinitcpio(1)
    Mkinitcpio {
        /// The name of the file in /etc/mkinitcpio.d, without `.preset`.
        preset: String,
    },
    /// kernel-install(8), with whatever makes the initramfs as a part of that; lsinitrd, lsinitramfs or lsinitcpio
    KernelInstall {
        /// The kernel's own file, which it wants named.
        kernel: PathBuf,
    },
}

/// An initramfs that is there and whose maker is, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Initramfs {
    pub(crate) maker: Maker,
    /// Where it is, as named inside the root.
    pub(crate) image: PathBuf,
}

impl Maker {
    /// The programs of which one lists an image, and the one that makes it.
    fn programs(&self) -> (&'static [&'static str], &'static str) {
        match self {
            Maker::InitramfsTools => (&["lsinitramfs"], "update-initramfs"),
            Maker::Dracut => (&["lsinitrd"], "dracut"),
            Maker::Mkinitcpio { .. } => (&["lsinitcpio"], "mkinitcpio"),
            Maker::KernelInstall { .. } => (&["lsinitrd", "lsinitramfs", "lsinitcpio"], "kernel-install"),
        }
    }

    fn lister(&self, system: &System) -> Option<&'static str> {
        self.programs().0.iter().copied().find(|program| system.has_program(program))
    }
}

/// The initramfs of a kernel, if it has one that can be asked about and made anew.
pub(crate) fn find(system: &System, kernel: &KernelRelease) -> Option<Initramfs> {
    let mut all = candidates(system, kernel);
    all.extend(unified(system, kernel));
    all.into_iter().find(|found| found.is_usable(system))
}

/// The unified image of a kernel that kernel-install(8) makes out of an initramfs of its own place, so that it is to be
/// made anew after that one.
pub(crate) fn unified_of(system: &System, kernel: &KernelRelease, made: &Initramfs) -> Option<Initramfs> {
    unified(system, kernel).into_iter().find(|found| found.image != made.image && found.is_usable(system))
}

/// Where it may be, by maker: the defaults of each. `/boot/initrd.img-KVER` is initramfs-tools' unless only dracut is
/// here, and KERNEL-INSTALL's layout of boot entries (Boot Loader Specification) has it in a folder for each machine
/// and kernel.
fn candidates(system: &System, kernel: &KernelRelease) -> Vec<Initramfs> {
    let mut found = Vec::new();
    let mut may_be = |maker: Maker, image: PathBuf| found.push(Initramfs { maker, image });
    may_be(Maker::InitramfsTools, format!("/boot/initrd.img-{kernel}").into());
    for name in [format!("initramfs-{kernel}.img"), format!("initrd-{kernel}"), format!("initrd.img-{kernel}")] {
        may_be(Maker::Dracut, Path::new("/boot").join(name));
    }
    for (top, token) in entries(system) {
        may_be(Maker::Dracut, Path::new(top).join(&token).join(kernel.as_str()).join("initrd"));
    }
    if let Some(preset) = one_word(system, &format!("/usr/lib/modules/{kernel}/pkgbase")) {
        let file = format!("/etc/mkinitcpio.d/{preset}.preset");
        let text = fs::read_to_string(system.path(&file)).ok();
        for name in ["default_image", "default_uki"] {
            if let Some(image) = text.as_deref().and_then(|text| image_of(text, name)) {
                may_be(Maker::Mkinitcpio { preset: preset.clone() }, image);
            }
        }
    }
    found
}

/// Where boot entries may lie, with the names that they may begin with (kernel-install(8)).
fn entries(system: &System) -> Vec<(&'static str, String)> {
    let tokens = ["/etc/kernel/entry-token", "/etc/machine-id"].into_iter().filter_map(|file| one_word(system, file));
    tokens.flat_map(|token| ["/efi", "/boot", "/boot/efi"].map(|top| (top, token.clone()))).collect()
}

/// Unified images that kernel-install(8) has put where systemd-boot finds them: `TOKEN-KERNEL.efi`, with `+TRIES`
/// behind the kernel while it has not proved itself.
fn unified(system: &System, kernel: &KernelRelease) -> Vec<Initramfs> {
    let Some(own) = kernels_own(system, kernel) else { return Vec::new() };
    let mut found = Vec::new();
    for (top, token) in entries(system) {
        let folder = Path::new(top).join("EFI/Linux");
        let begin = format!("{token}-{kernel}");
        for entry in fs::read_dir(system.path(&folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let rest = name.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(".efi"));
            if rest.is_some_and(|tries| tries.is_empty() || tries.starts_with('+')) {
                found.push(Initramfs { maker: Maker::KernelInstall { kernel: own.clone() }, image: folder.join(name) });
            }
        }
    }
    found
}

/// The file of the kernel itself.
fn kernels_own(system: &System, kernel: &KernelRelease) -> Option<PathBuf> {
    let places = [format!("/usr/lib/modules/{kernel}/vmlinuz"), format!("/boot/vmlinuz-{kernel}")];
    places.into_iter().map(PathBuf::from).find(|place| leads_to_file(system.root(), &system.path(place)))
}

/// A file that holds one word which can be part of a path, and an argument.
fn one_word(system: &System, file: &str) -> Option<String> {
    let text = fs::read_to_string(system.path(file)).ok()?;
    let word = text.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    (!word.is_empty() && !word.starts_with(['.', '-']) && word.chars().all(is_plain)).then(|| word.to_owned())
}

/// `default_image="/boot/initramfs-linux.img"` of a preset, which is a file of shell assignments.
fn image_of(preset: &str, name: &str) -> Option<PathBuf> {
    let value = preset.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
    let image = Path::new(value.trim().trim_matches(['"', '\'']));
    image.is_absolute().then(|| image.to_path_buf())
}

impl Initramfs {
    fn is_usable(&self, system: &System) -> bool {
        let (_, make) = self.maker.programs();
        let is_there = leads_to_file(system.root(), &system.path(&self.image));
        is_there && self.maker.lister(system).is_some() && system.has_program(make)
    }

    /// Whether it is a part of a unified image.
    fn is_unified(&self) -> bool {
        self.image.extension().is_some_and(|extension| extension == "efi")
    }

    /// The names of this kernel's modules that are in it, in the form of [`plain_name`].
    ///
    /// # Errors
    ///
    /// The image cannot be listed; the sentence says how that ended.
    pub(crate) fn modules(&self, system: &System, kernel: &KernelRelease) -> Result<BTreeSet<String>, String> {
        if !self.is_unified() {
            return self.listed(system, kernel, &self.image);
        }
        let failed = |error: std::io::Error| format!("{} cannot be looked into: {error}", self.image.display());
        let image = fs::File::open(system.path(&self.image)).and_then(uki::initramfs);
        let copied = image.and_then(|mut part| scratch::file(&system.path("/tmp"), &mut part));
        let (_folder, part) = copied.map_err(failed)?;
        self.listed(system, kernel, &system.inside(&part))
    }

    fn listed(&self, system: &System, kernel: &KernelRelease, image: &Path) -> Result<BTreeSet<String>, String> {
        let program = self.maker.lister(system).unwrap_or("lsinitrd");
        let command = system.command(system.root(), program);
        let command = if program == "lsinitcpio" { command.arg("-l") } else { command };
        let command = command.arg(image).env("LC_ALL", "C");
        let failed = |how: String| format!("`{program} {}` {how}", self.image.display());
        match system.run(&command) {
            Ok(finished) if finished.success() => Ok(listed(&finished.text(), kernel)),
            Ok(finished) => Err(failed(format!("ended with {}", finished.how()))),
            Err(error) => Err(failed(format!("did not run: {error}"))),
        }
    }

    /// The command that makes it anew.
    pub(crate) fn making(&self, system: &System, kernel: &KernelRelease) -> Command {
        let (_, program) = self.maker.programs();
        let command = system.command(system.root(), program);
        match &self.maker {
            Maker::InitramfsTools => command.args(["-u", "-k", kernel.as_str()]),
            Maker::Dracut => command.args(["--force", "--kver", kernel.as_str()]).arg(&self.image),
            Maker::Mkinitcpio { preset } => command.args(["-p", preset]),
            Maker::KernelInstall { kernel: own } => command.args(["add", kernel.as_str()]).arg(own),
        }
    }

    /// When the image was written: nanoseconds since 1970.
    pub(crate) fn made(&self, system: &System) -> Option<u64> {
        let file = resolve(system.root(), &system.path(&self.image))?;
        let written = fs::metadata(file).and_then(|meta| meta.modified()).ok()?;
        u64::try_from(written.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
    }
}

/// The modules of a kernel in a listing: plain paths, or lines of `ls -l`, with or without a slash in front.
fn listed(text: &str, kernel: &KernelRelease) -> BTreeSet<String> {
    let folder = format!("lib/modules/{kernel}/");
    let is_module = |word: &&str| word.contains(&folder) && word.rsplit('/').next().and_then(Suffix::split).is_some();
    text.lines().flat_map(str::split_whitespace).filter(is_module).map(plain_name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel() -> KernelRelease {
        KernelRelease::new("6.1.0-50-amd64").unwrap()
    }

    #[test]
    fn each_listing_tells_the_modules_of_its_kernel() {
        let text = "usr/lib/modules/6.1.0-50-amd64/updates/dkms/my-blink.ko.xz\n\
            -rw-r--r--   1 root     root         5000 Jan  1  1970 usr/lib/modules/6.1.0-50-amd64/kernel/a.ko\n\
            lib/modules/6.1.0-50-amd64/b.ko.zst\n\
            /lib/modules/6.1.0-50-amd64/modules.dep\n\
            usr/lib/modules/6.1.0-51-amd64/other.ko\n\
            Arguments: --kver '6.1.0-50-amd64' x.ko\n\
            lrwxrwxrwx   1 root     root            7 Jan  1  1970 lib -> usr/lib\n";
        assert_eq!(Vec::from_iter(listed(text, &kernel())), ["a", "b", "my_blink"]);
    }

    /// A root with these files; programs are files in /usr/bin.
    fn found(files: &[(&str, &str)]) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(&file, mode).unwrap();
        }
        let environment = [("PATH".into(), "/usr/bin".into())].into();
        let system = System::host().with_root(root.path()).with_environment(environment);
        let found = find(&system, &kernel())?;
        let line = found.making(&system, &kernel()).line();
        let line = line.split_once(" sh / ").map_or(line.as_str(), |(_, line)| line);
        Some(format!("{}: {line}", found.image.display()))
    }

    #[test]
    fn the_maker_is_known_by_its_image_and_its_programs() {
        const DEBIAN: [(&str, &str); 2] = [("usr/bin/lsinitramfs", ""), ("usr/bin/update-initramfs", "")];
        const DRACUT: [(&str, &str); 2] = [("usr/bin/lsinitrd", ""), ("usr/bin/dracut", "")];
        const ARCH: [(&str, &str); 2] = [("usr/bin/lsinitcpio", ""), ("usr/bin/mkinitcpio", "")];
        const PKGBASE: (&str, &str) = ("usr/lib/modules/6.1.0-50-amd64/pkgbase", "linux-lts\n");
        const PRESET: &str =
            "# mkinitcpio preset file\nPRESETS=('default')\ndefault_image=\"/boot/initramfs-linux-lts.img\"\n";
        let all = |sets: &[&[(&'static str, &'static str)]]| found(&sets.concat());
        let image = ("boot/initrd.img-6.1.0-50-amd64", "");
        assert_eq!(all(&[&DEBIAN]), None, "no image");
        assert_eq!(all(&[&[image]]), None, "no maker");
        let by_debian = "/boot/initrd.img-6.1.0-50-amd64: update-initramfs -u -k 6.1.0-50-amd64";
        assert_eq!(all(&[&DEBIAN, &DRACUT, &[image]]).as_deref(), Some(by_debian));
        assert_eq!(
            all(&[&DRACUT, &[image]]).as_deref(),
            Some(
                "/boot/initrd.img-6.1.0-50-amd64: dracut --force --kver 6.1.0-50-amd64 /boot/initrd.img-6.1.0-50-amd64"
            )
        );
        let entry = [("etc/machine-id", "abc\n"), ("efi/abc/6.1.0-50-amd64/initrd", "")];
        assert_eq!(
            all(&[&DRACUT, &entry]).as_deref(),
            Some("/efi/abc/6.1.0-50-amd64/initrd: dracut --force --kver 6.1.0-50-amd64 /efi/abc/6.1.0-50-amd64/initrd")
        );
        let preset = [PKGBASE, ("etc/mkinitcpio.d/linux-lts.preset", PRESET), ("boot/initramfs-linux-lts.img", "")];
        assert_eq!(all(&[&ARCH, &preset]).as_deref(), Some("/boot/initramfs-linux-lts.img: mkinitcpio -p linux-lts"));
        let unified = "default_uki='/efi/EFI/Linux/arch.efi'\n";
        let preset = [PKGBASE, ("etc/mkinitcpio.d/linux-lts.preset", unified), ("efi/EFI/Linux/arch.efi", "")];
        assert_eq!(all(&[&ARCH, &preset]).as_deref(), Some("/efi/EFI/Linux/arch.efi: mkinitcpio -p linux-lts"));
        let hostile = [("usr/lib/modules/6.1.0-50-amd64/pkgbase", "../../tmp/x"), ("tmp/x.preset", PRESET)];
        assert_eq!(all(&[&ARCH, &hostile, &[("boot/initramfs-linux-lts.img", "")]]), None);
    }

    #[test]
    fn a_unified_image_of_kernel_install_is_made_by_it_and_after_what_it_is_made_of() {
        let token = ("etc/kernel/entry-token", "debian\n");
        let tools = [("usr/bin/kernel-install", ""), ("usr/bin/lsinitramfs", ""), ("usr/bin/update-initramfs", "")];
        let own = ("boot/vmlinuz-6.1.0-50-amd64", "");
        let first = ("boot/initrd.img-6.1.0-50-amd64", "");
        for (name, expected) in [
            ("efi/EFI/Linux/debian-6.1.0-50-amd64.efi", true),
            ("boot/EFI/Linux/debian-6.1.0-50-amd64+3-0.efi", true),
            ("boot/EFI/Linux/debian-6.1.0-50-amd64-rt.efi", false),
            ("boot/EFI/Linux/other-6.1.0-50-amd64.efi", false),
        ] {
            let command = "kernel-install add 6.1.0-50-amd64 /boot/vmlinuz-6.1.0-50-amd64";
            let said = found(&[&tools[..], &[token, own, (name, "")]].concat());
            assert_eq!(said, expected.then(|| format!("/{name}: {command}")));
            assert_eq!(found(&[&tools[..], &[token, (name, "")]].concat()), None, "its kernel has gone");
            let root = crate::sys::sample::tree(&[token, own, first, (name, "")]);
            for (tool, _) in tools {
                let file = root.path().join(tool);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, "").unwrap();
                fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            }
            let environment = [("PATH".into(), "/usr/bin".into())].into();
            let system = System::host().with_root(root.path()).with_environment(environment);
            let made = find(&system, &kernel()).unwrap();
            assert_eq!(made.maker, Maker::InitramfsTools);
            assert_eq!(unified_of(&system, &kernel(), &made).is_some(), expected, "{name}");
        }
    }
}
