//! How much an archive may hold, and what came of it.

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of all files together, unpacked.
    pub(crate) size: u64,
    /// Entries of any kind, the folders that only names mention among them.
    pub(crate) entries: u64,
    /// Bytes of all names together, which are held in memory.
    pub(crate) names: u64,
    /// How many times larger than its file it may become, once it is larger than `harmless`.
    pub(crate) ratio: u64,
    /// Bytes that it may become however small its file.
    pub(crate) harmless: u64,
    pub(crate) depth: usize,
    pub(crate) path: usize,
}

impl Limits {
    /// Bytes of one name in a folder (NAME_MAX of Linux).
    pub(crate) const NAME: usize = 255;

    /// The default, but for the size.
    #[cfg(any(test, feature = "packages"))]
    pub(crate) fn of_size(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    /// Bytes of the tar archive itself: each entry has a head, padding, and perhaps a record of its long name.
    pub(crate) fn stream(&self) -> u64 {
        self.size.saturating_add(self.entries.saturating_mul(4096)).max(self.harmless)
    }
}

impl Default for Limits {
    /// 4 GiB; half a million entries, which is five kernel source trees. Sources become 3 to 12 times larger, a kernel's
    /// folders lie 10 deep.
    fn default() -> Self {
        Self { size: 4 << 30, entries: 500_000, names: 64 << 20, ratio: 200, harmless: 64 << 20, depth: 64, path: 1024 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Unpacked {
    pub(crate) entries: u64,
    /// Bytes of all files together.
    pub(crate) bytes: u64,
    /// The newest time of any entry, in seconds since 1970.
    pub(crate) newest: u64,
}
