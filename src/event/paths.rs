//! The paths that file triggers and pacman's hooks give: what they speak of. They say where to look and never what has
//! become of it: a path that "goes" may stay, and one that "came" may have been there before.

use std::collections::BTreeSet;
use std::fmt;

use crate::ids::KernelRelease;

/// What a transaction's paths speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Folders below /usr/src whose dkms.conf is among the paths.
    pub(crate) modules: BTreeSet<String>,
    /// Kernels of which something below /lib/modules is among the paths.
    pub(crate) kernels: BTreeSet<KernelRelease>,
    /// Folders below /usr/src that hold headers: `kernels/KVER`, `linux-headers-KVER`, `linux-KVER-obj`.
    pub(crate) headers: BTreeSet<String>,
    /// Whether our own program is among the paths.
    pub(crate) ours: bool,
}

impl Touched {
    /// Takes in one path, with a slash in front or without. Says whether it told anything new.
    pub(crate) fn add(&mut self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let path = path.strip_prefix("usr/").unwrap_or(path);
        // A trigger on /lib/modules also gets the paths of /lib/modules-load.d.
        if let Some(rest) = path.strip_prefix("lib/modules/") {
            return self.add_kernel(rest);
        }
        if path == "lib/dkms/event" {
            return !std::mem::replace(&mut self.ours, true);
        }
        path.strip_prefix("src/").is_some_and(|rest| self.add_source(rest))
    }

    /// Whether nothing of ours is among the paths.
    pub(crate) fn is_empty(&self) -> bool {
        self.modules.is_empty() && self.kernels.is_empty() && self.headers.is_empty() && !self.ours
    }

    fn add_kernel(&mut self, rest: &str) -> bool {
        let name = rest.split('/').next().unwrap_or(rest);
        if !name.starts_with(|first: char| first.is_ascii_digit())
            || self.kernels.iter().any(|known| known.as_str() == name)
        {
            return false;
        }
        KernelRelease::new(name).is_ok_and(|kernel| self.kernels.insert(kernel))
    }

    fn add_source(&mut self, rest: &str) -> bool {
        let mut parts = rest.split('/');
        let Some(folder) = parts.next().filter(|folder| !folder.is_empty()) else { return false };
        let within = parts.next();
        if folder == "kernels" {
            return within
                .filter(|kernel| !kernel.is_empty())
                .is_some_and(|kernel| self.add_headers(&format!("kernels/{kernel}")));
        }
        if within == Some("dkms.conf") && parts.next().is_none() {
            return !self.modules.contains(folder) && self.modules.insert(folder.to_owned());
        }
        folder.starts_with("linux-") && within.is_some() && self.add_headers(folder)
    }

    fn add_headers(&mut self, folder: &str) -> bool {
        !self.headers.contains(folder) && self.headers.insert(folder.to_owned())
    }
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = [
            ("source", self.modules.iter().cloned().collect::<Vec<_>>()),
            ("kernel", self.kernels.iter().map(ToString::to_string).collect()),
            ("headers", self.headers.iter().cloned().collect()),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {}", names.join(", ")))
        .collect();
        let ours = self.ours.then(|| "dkms itself".to_owned());
        f.write_str(&words.into_iter().chain(ours).collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_tells_of_a_module_a_kernel_headers_or_nothing() {
        for (path, expected) in [
            ("/usr/src/blink-1.0/dkms.conf", "source blink-1.0"),
            ("usr/src/blink-1.0/dkms.conf", "source blink-1.0"),
            ("/usr/src/blink-1.0/sub/dkms.conf", ""),
            ("/usr/src/blink-1.0/blink.c", ""),
            ("/usr/src/blink-1.0", ""),
            ("/usr/src/dkms.conf", ""),
            ("/usr/src/", ""),
            ("/usr/src/kernels/6.5.0-1.fc39.x86_64/Makefile", "headers kernels/6.5.0-1.fc39.x86_64"),
            ("/usr/src/kernels", ""),
            ("/usr/src/linux-headers-6.1.0-56-amd64/Makefile", "headers linux-headers-6.1.0-56-amd64"),
            ("/usr/src/linux-6.4.0-150600.21-obj/x86_64/default", "headers linux-6.4.0-150600.21-obj"),
            ("/lib/modules/6.5.0-1.fc39.x86_64/modules.order", "kernel 6.5.0-1.fc39.x86_64"),
            ("/usr/lib/modules/6.5.0/build", "kernel 6.5.0"),
            ("usr/lib/modules/6.5.0-arch1-1/build/include/", "kernel 6.5.0-arch1-1"),
            ("/lib/modules/6.5.0", "kernel 6.5.0"),
            ("/lib/modules/extramodules-6.1/x.ko", ""),
            ("/lib/modules", ""),
            ("/lib/modules/", ""),
            ("/lib/modules-load.d/x.conf", ""),
            ("/usr/lib/modules-extra/6.5.0/x", ""),
            ("/lib/modules/../../etc/6.1", ""),
            ("usr/lib/dkms/event", "dkms itself"),
            ("usr/lib/dkms/event.old", ""),
            ("/opt/usr/src/blink-1.0/dkms.conf", ""),
            ("", ""),
        ] {
            let mut touched = Touched::default();
            assert_eq!(touched.add(path), !expected.is_empty(), "{path}");
            assert_eq!(touched.to_string(), expected, "{path}");
            assert!(!touched.add(path), "{path} tells the same twice");
        }
    }
}
