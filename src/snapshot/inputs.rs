//! What a build depends on besides the name of its kernel, as digests that a later run compares.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::conf::overrides;
use crate::ids::ModuleId;
use crate::kernel::{Kernel, headers};
use crate::step::Inputs;
use crate::sys::{System, fingerprint};
use crate::tree::records::{self, Fingerprint};
use crate::tree::{Layout, Tree};

/// Name of an input, as a sentence about a change names it → digest.
pub type Digests = BTreeMap<String, String>;

/// Digests of what a build of this source for this kernel is made from. None when the command line put other files in
/// place of the module's and kernel's own: nobody can make such a build again without being told the same.
pub fn digests(
    system: &System,
    id: &ModuleId,
    kernel: &Kernel,
    source: &Path,
    inputs: &Inputs,
) -> io::Result<Option<Digests>> {
    if inputs.conf.is_some()
        || inputs.kernel_config.is_some()
        || inputs.kernel_source_dir.is_some()
        || !inputs.directives.is_empty()
    {
        return Ok(None);
    }
    let folder = kernel.headers.folder();
    let mut digests = Digests::from([("source".to_owned(), fingerprint::of_folder(source)?)]);
    let mut add = |name: &str, files: &[PathBuf]| -> io::Result<()> {
        if let Some(digest) = of_files(files)? {
            digests.insert(name.to_owned(), digest);
        }
        Ok(())
    };
    add("kernel headers", &[folder.join("Module.symvers")])?;
    add("kernel configuration", &Vec::from_iter(headers::config_file(folder, None)))?;
    add("configuration in /etc/dkms", &overrides::files(system, &id.name, Some(&id.version), Some(&kernel.target)))?;
    let own = system.path("/etc/dkms").join(&id.name);
    if own.is_dir() {
        digests.insert("files in /etc/dkms".to_owned(), fingerprint::of_folder(&own)?);
    }
    Ok(Some(digests))
}

/// Which inputs of a build have changed since; empty when none has, or when nothing was noted then or can be read now.
pub fn changed(system: &System, tree: &Tree, id: &ModuleId, kernel: &Kernel, source: &Path) -> Vec<String> {
    let Some(noted) = noted(tree.layout(), id, kernel) else { return Vec::new() };
    let Ok(Some(now)) = digests(system, id, kernel, source, &Inputs::default()) else { return Vec::new() };
    differences(&noted, &now)
}

fn noted(layout: &Layout, id: &ModuleId, kernel: &Kernel) -> Option<Digests> {
    // Without headers nothing can be built, so that nothing needs to be.
    kernel.has_headers().then(|| records::one::<Fingerprint>(layout, id, Some(&kernel.target)))?.map(|note| note.inputs)
}

fn differences(noted: &Digests, now: &Digests) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = noted.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| noted.get(*name) != now.get(*name)).cloned().collect()
}

/// The digest over the names and contents of those files that exist; None when none does.
fn of_files(files: &[PathBuf]) -> io::Result<Option<String>> {
    let mut hash = Sha256::new();
    let mut any = false;
    for file in files.iter().filter(|file| file.is_file()) {
        any = true;
        let name = file.file_name().unwrap_or_default().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        let mut file = fs_err::File::open(file)?;
        hash.update(file.metadata()?.len().to_le_bytes());
        io::copy(&mut file, &mut hash)?;
    }
    Ok(any.then(|| hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion, Target};
    use crate::kernel::Headers;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, text).unwrap();
    }

    fn taken(root: &Path, inputs: &Inputs) -> Option<Digests> {
        let system = System::host().with_root(root);
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let headers = Headers::Present { folder: root.join("headers") };
        let kernel = Kernel { target, folder: root.join("lib/modules/6.1"), present: true, headers };
        let id = ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1").unwrap());
        digests(&system, &id, &kernel, &root.join("src"), inputs).unwrap()
    }

    #[test]
    fn each_input_is_named_when_it_changes() {
        let root = tempfile::tempdir().unwrap();
        for file in ["src/foo.c", "headers/Module.symvers", "headers/.config", "etc/dkms/foo.conf"] {
            write(root.path(), file, "old");
        }
        let before = taken(root.path(), &Inputs::default()).unwrap();
        assert_eq!(differences(&before, &taken(root.path(), &Inputs::default()).unwrap()), [""; 0]);
        let cases = [
            ("src/foo.c", "source"),
            ("headers/Module.symvers", "kernel headers"),
            ("headers/.config", "kernel configuration"),
            ("etc/dkms/foo.conf", "configuration in /etc/dkms"),
            ("etc/dkms/foo/patches/new.patch", "files in /etc/dkms"),
        ];
        for (file, name) in cases {
            let before = taken(root.path(), &Inputs::default()).unwrap();
            write(root.path(), file, "new");
            assert_eq!(differences(&before, &taken(root.path(), &Inputs::default()).unwrap()), [name], "{file}");
        }
        write(root.path(), "etc/dkms/foobar.conf", "other module");
        assert_eq!(differences(&before, &taken(root.path(), &Inputs::default()).unwrap()).len(), cases.len());
    }

    #[test]
    fn a_build_from_files_of_the_command_line_is_compared_with_nothing() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "src/foo.c", "");
        let given = Inputs { directives: vec!["STRIP=no".to_owned()], ..Inputs::default() };
        assert_eq!(taken(root.path(), &given), None);
    }
}
