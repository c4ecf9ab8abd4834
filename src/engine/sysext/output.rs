//! Where an extension goes: what can be known of that place is asked before anything is built.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

use super::copy::copy;
use crate::archive::output::Existing;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::fs::folder_of;
use crate::sys::{Command, System, rename, scratch};

/// Says of a folder or an image for which systems it is (os-release(5)).
pub(super) const RELEASES: &str = "usr/lib/extension-release.d";

/// Its name ends that of a file, `extension-release.NAME`, which has 255 bytes at most.
const LONGEST: usize = 255 - "extension-release.".len();

/// What makes an image of a folder: the program, and its words before and behind the folder and the image. None has a clock in it
/// where SOURCE_DATE_EPOCH is set.
const IMAGE_MAKERS: [(&str, Order, &[&str]); 2] = [
    ("mksquashfs", Order::FolderFirst, &["-all-root", "-noappend", "-no-progress", "-quiet"]),
    ("mkfs.erofs", Order::ImageFirst, &["--all-root", "--quiet"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    FolderFirst,
    ImageFirst,
}

/// A place that an extension can appear at.
#[derive(Debug)]
pub(super) struct Output {
    /// The name by which systemd-sysext knows it: that of the folder, or of the image without `.raw`.
    pub(super) name: String,
    place: PathBuf,
    /// The folder that holds it.
    above: PathBuf,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Folder,
    Image { program: PathBuf, order: Order, words: &'static [&'static str] },
}

impl Output {
    /// # Errors
    ///
    /// The name is none for an extension, something is there that is not replaced, its folder cannot be written, or no program
    /// makes an image.
    pub(super) fn at(place: &Path, existing: Existing, system: &System) -> Result<Self> {
        // Nothing that is not there can be renamed to `new/.`, and no file to `new.raw/`.
        let place: &Path = &place.components().collect::<PathBuf>();
        let name = name_of(place)?;
        let above = folder_of(place);
        takes_files(above)?;
        let form = form(place, system)?;
        if let Ok(found) = fs::symlink_metadata(place) {
            may_go(place, existing, found.is_dir())?;
        }
        Ok(Self { name, place: place.to_path_buf(), above: above.to_path_buf(), form })
    }

    /// Makes it of this folder beside its place, in which it then appears.
    pub(super) fn put(&self, folder: &Path, system: &System) -> Result<()> {
        let failed = |error| Error::io("the extension cannot be written", error);
        let beside = scratch::make(&self.above).map_err(failed)?;
        let staged = beside.path().join(self.place.file_name().unwrap_or_default());
        match &self.form {
            Form::Folder => copy(folder, &staged).map_err(failed)?,
            Form::Image { program, order, words } => {
                let command = Command::new(program);
                make_image(
                    match order {
                        Order::FolderFirst => command.arg(folder).arg(&staged).args(*words),
                        Order::ImageFirst => command.args(*words).arg(&staged).arg(folder),
                    },
                    system,
                )?;
            }
        }
        // What was there goes with the folder beside it.
        rename::replace(&staged, &self.place, &beside.path().join("before")).map_err(failed)
    }
}

fn name_of(output: &Path) -> Result<String> {
    let name = output.file_name().and_then(|name| name.to_str()).map(|name| name.strip_suffix(".raw").unwrap_or(name));
    let is_name = |name: &&str| {
        let fits = !name.is_empty() && name.len() <= LONGEST;
        fits && !name.starts_with('.') && !name.chars().any(char::is_control)
    };
    name.filter(is_name).map(str::to_owned).ok_or_else(|| {
        Error::new(Kind::Usage, format!("{} is no name for an extension", output.display()))
            .hint("name a folder, or a file that ends with .raw")
    })
}

fn takes_files(above: &Path) -> Result<()> {
    let cannot = |error: io::Error| {
        Error::io(format!("the extension cannot be written to {}", above.display()), error)
            .hint("--output names another place")
    };
    let found = fs::metadata(above).map_err(cannot)?;
    if !found.is_dir() {
        return Err(cannot(io::ErrorKind::NotADirectory.into()));
    }
    rustix::fs::access(above, rustix::fs::Access::WRITE_OK).map_err(|error| cannot(error.into()))
}

fn form(place: &Path, system: &System) -> Result<Form> {
    if place.extension().is_none_or(|extension| extension != "raw") {
        return Ok(Form::Folder);
    }
    let found = IMAGE_MAKERS
        .into_iter()
        .find_map(|(program, order, words)| Some(Form::Image { program: system.find_program(program)?, order, words }));
    found.ok_or_else(|| {
        Error::new(Kind::Usage, "neither mksquashfs nor mkfs.erofs is here, so no image can be made").hint(
            "install squashfs-tools or erofs-utils; or name a folder in place of FILE.raw: systemd-sysext takes both",
        )
    })
}

/// Whether what is there may give way: an image or an extension may, a folder of somebody's files may not.
fn may_go(place: &Path, existing: Existing, is_folder: bool) -> Result<()> {
    let exists = |text: &str| Error::new(Kind::OutputExists, format!("{} {text}", place.display()));
    if is_folder && !place.join(RELEASES).is_dir() {
        return Err(exists("exists already and is no extension").hint("--output names another place"));
    }
    if is_folder && is_mounted(place) {
        return Err(exists("is a mount, which nothing replaces").hint("--output names another place"));
    }
    match existing {
        Existing::Replace => Ok(()),
        Existing::Keep => Err(exists("exists already").hint("--force replaces it, --output names another")),
    }
}

/// What cannot tell (before Linux 5.8) is told when it is replaced.
fn is_mounted(folder: &Path) -> bool {
    let found = statx(CWD, folder, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn make_image(command: Command, system: &System) -> Result<()> {
    let finished =
        system.run(&command).map_err(|error| Error::new(Kind::Internal, error.to_string()).caused_by(error.source))?;
    if finished.success() {
        return Ok(());
    }
    let said = finished.error_text().lines().last().unwrap_or_default().to_owned();
    Err(Error::new(Kind::InputOutput, format!("the image cannot be made, {}: {said}", finished.how())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn its_name_is_that_of_the_folder_or_of_the_image_without_raw() {
        let long = "a".repeat(LONGEST);
        for (output, name) in [
            ("dkms-6.1.0", Some("dkms-6.1.0")),
            ("a/b.raw", Some("b")),
            (".raw", None),
            ("..", None),
            ("/", None),
            ("a\nb", None),
            (&long, Some(long.as_str())),
            (&format!("{long}a"), None),
        ] {
            assert_eq!(name_of(Path::new(output)).ok().as_deref(), name, "{output}");
        }
    }

    #[test]
    fn a_mount_is_known() {
        assert!(is_mounted(Path::new("/proc")));
        assert!(!is_mounted(Path::new("/proc/self")) && !is_mounted(Path::new("/nosuch")));
    }

    #[test]
    fn what_cannot_be_written_or_must_not_be_replaced_is_refused_at_once() {
        use Existing::{Keep, Replace};
        let place = tree(&[
            ("file", ""),
            ("home/letter", "dear"),
            ("made/usr/lib/extension-release.d/extension-release.made", "ID=_any"),
        ]);
        // No program makes images in this root.
        let system = System::of_root(place.path()).unwrap();
        for (output, existing, refused) in [
            ("new", Keep, None),
            ("new/.", Keep, None),
            ("made/", Keep, Some(Kind::OutputExists)),
            ("new.raw/", Keep, Some(Kind::Usage)),
            ("nosuch/new", Keep, Some(Kind::InputOutput)),
            ("file/new", Keep, Some(Kind::InputOutput)),
            ("made", Keep, Some(Kind::OutputExists)),
            ("made", Replace, None),
            ("file", Replace, None),
            ("home", Replace, Some(Kind::OutputExists)),
            ("new.raw", Keep, Some(Kind::Usage)),
        ] {
            let found = Output::at(&place.path().join(output), existing, &system);
            if let Ok(found) = &found {
                assert_eq!(found.place, place.path().join(output.trim_end_matches("/.")));
            }
            assert_eq!(found.err().map(|error| error.kind()), refused, "{output} {existing:?}");
        }
    }
}
