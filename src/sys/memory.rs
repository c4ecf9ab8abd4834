//! How much memory this machine has and has left (proc_meminfo(5)).

/// What /proc/meminfo says now.
pub(crate) struct Memory(String);

impl Memory {
    /// None: there is no /proc.
    pub(crate) fn now() -> Option<Self> {
        std::fs::read_to_string("/proc/meminfo").ok().map(Self)
    }

    /// Bytes of one of its lines, `MemAvailable` for example.
    pub(crate) fn bytes(&self, name: &str) -> Option<u64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_what_can_be_had_without_swapping() {
        let available = |text: &str| Memory(text.to_owned()).bytes("MemAvailable");
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
    }
}
