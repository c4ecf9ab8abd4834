//! /etc/dkms/NAME….conf: what the administrator adds to a module's dkms.conf, in order.

use std::path::PathBuf;

use crate::ids::{ModuleName, ModuleVersion, Target};
use crate::sys::System;

/// The override files that exist for this module (and kernel), the weakest first. Later ones win.
pub fn files(
    system: &System,
    name: &ModuleName,
    version: Option<&ModuleVersion>,
    target: Option<&Target>,
) -> Vec<PathBuf> {
    names(name, version, target)
        .into_iter()
        .map(|file| system.path(format!("/etc/dkms/{file}.conf")))
        .filter(|file| file.is_file())
        .collect()
}

/// Their names without `.conf`.
fn names(name: &ModuleName, version: Option<&ModuleVersion>, target: Option<&Target>) -> Vec<String> {
    let mut names = vec![name.to_string()];
    if let Some(version) = version {
        names.push(format!("{name}-{version}"));
        if let Some(Target { kernel, arch }) = target {
            names.push(format!("{name}-{version}-{kernel}"));
            names.push(format!("{name}-{version}-{kernel}-{arch}"));
        }
    }
    if let Some(Target { kernel, arch }) = target {
        names.push(format!("{name}--{kernel}"));
        names.push(format!("{name}--{kernel}-{arch}"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease};

    #[test]
    fn later_files_are_closer_to_the_kernel() {
        let name = ModuleName::new("m").unwrap();
        let version = ModuleVersion::new("1").unwrap();
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let all = ["m", "m-1", "m-1-6.1", "m-1-6.1-x86_64", "m--6.1", "m--6.1-x86_64"];
        assert_eq!(names(&name, Some(&version), Some(&target)), all);
        assert_eq!(names(&name, Some(&version), None), ["m", "m-1"]);
        assert_eq!(names(&name, None, None), ["m"]);
    }
}
