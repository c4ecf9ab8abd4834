//! How much memory this machine has and has left (proc_meminfo(5)), and what the control groups that we are in leave of it
//! (cgroups(7); kernel, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst).

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// What /proc/meminfo says now.
struct Memory(String);

impl Memory {
    /// None: there is no /proc.
    fn now() -> Option<Self> {
        read_to_string("/proc/meminfo").ok().map(Self)
    }

    /// Bytes of one of its lines, `MemAvailable` for example.
    fn bytes(&self, name: &str) -> Option<u64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    }
}

/// Bytes that this process can have now without swapping: what the machine has left, or less where a control group ends it
/// before. None: there is no /proc.
pub(crate) fn available() -> Option<u64> {
    let machine = Memory::now()?.bytes("MemAvailable")?;
    Some(groups().iter().map(Bound::left).fold(machine, u64::min))
}

/// What ends whoever goes on taking memory: the machine, and each control group that we are in and that has a limit.
/// Swap is a part of each, of a group the whole of it. Empty where there is no /proc.
pub(crate) fn bounds() -> Vec<Bound> {
    let Some(machine) = Memory::now() else { return Vec::new() };
    let swap = machine.bytes("SwapTotal").unwrap_or(0);
    let of_machine = || {
        let all = machine.bytes("MemTotal")? + swap;
        let free = machine.bytes("MemAvailable")? + machine.bytes("SwapFree")?;
        Some(Bound { all, used: all.saturating_sub(free) })
    };
    let of_groups = groups().into_iter().map(|group| Bound { all: group.all.saturating_add(swap), ..group });
    of_machine().into_iter().chain(of_groups).collect()
}

/// Bytes of memory that can be had, and what is taken of them; files kept in memory are not, as they make room when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) all: u64,
    pub(crate) used: u64,
}

impl Bound {
    fn left(&self) -> u64 {
        self.all.saturating_sub(self.used)
    }
}

/// How many processes the kernel has ended for want of memory, of the machine or of a control group (since Linux 4.13).
pub(crate) fn kills() -> Option<u64> {
    let text = read_to_string("/proc/vmstat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// The limits of the control groups that we are in.
fn groups() -> Vec<Bound> {
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    groups.lines().filter_map(Kind::of).flat_map(|(kind, path)| kind.bounds(Path::new(path))).collect()
}

/// Where a hierarchy of control groups is mounted, and what its files are called.
struct Kind {
    mount: &'static str,
    limit: &'static str,
    used: &'static str,
    /// The line of memory.stat that counts files kept in memory, which make room when it is needed.
    cache: &'static str,
}

const UNIFIED: Kind = Kind { mount: "/sys/fs/cgroup", limit: "memory.max", used: "memory.current", cache: "file" };
const FIRST: Kind = Kind {
    mount: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: "total_cache",
};

impl Kind {
    /// That of a line of /proc/self/cgroup, `ID:CONTROLLERS:PATH`, if it may bound memory, with its path.
    fn of(line: &str) -> Option<(Self, &str)> {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        match controllers {
            "" => Some((UNIFIED, path)),
            some if some.split(',').any(|one| one == "memory") => Some((FIRST, path)),
            _ => None,
        }
    }

    /// Those of the group and of those above it. In a container, its own group is the mount itself.
    fn bounds(&self, path: &Path) -> Vec<Bound> {
        let mount = Path::new(self.mount);
        let folders = path.ancestors().map(|above| mount.join(above.strip_prefix("/").unwrap_or(above)));
        let read = |folder: &Path, name: &str| read_to_string(folder.join(name)).ok();
        let bound_of = |folder: PathBuf| {
            let stat = read(&folder, "memory.stat").unwrap_or_default();
            bound(&read(&folder, self.limit)?, &read(&folder, self.used)?, &stat, self.cache)
        };
        folders.filter_map(bound_of).collect()
    }
}

/// None: there is no limit (`max`).
fn bound(limit: &str, used: &str, stat: &str, cache: &str) -> Option<Bound> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let cached = stat.lines().find_map(|line| number(line.strip_prefix(cache)?.strip_prefix(' ')?));
    Some(Bound { all: number(limit)?, used: number(used)?.saturating_sub(cached.unwrap_or(0)) })
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

    #[test]
    fn a_control_group_leaves_what_is_neither_taken_nor_made_room_by_files() {
        for (limit, used, stat, cache, expected) in [
            ("max\n", "5\n", "", "file", None),
            ("100\n", "30\n", "anon 10\nfile 20\nfile_mapped 9\n", "file", Some(90)),
            ("100\n", "30\n", "", "file", Some(70)),
            ("100\n", "300\n", "cache 1\ntotal_cache 250\n", "total_cache", Some(50)),
            ("100\n", "300\n", "", "file", Some(0)),
            ("100\n", "no\n", "", "file", None),
        ] {
            assert_eq!(bound(limit, used, stat, cache).map(|bound| bound.left()), expected, "{limit}{used}{stat}");
        }
    }

    #[test]
    fn a_group_is_looked_for_where_its_hierarchy_is_mounted() {
        let of = |line| Kind::of(line).map(|(kind, path)| (kind.mount, path));
        for (line, expected) in [
            ("0::/user.slice/a.scope", Some(("/sys/fs/cgroup", "/user.slice/a.scope"))),
            ("4:memory:/a", Some(("/sys/fs/cgroup/memory", "/a"))),
            ("4:cpu,memory:/a:b", Some(("/sys/fs/cgroup/memory", "/a:b"))),
            ("1:cpu:/", None),
            ("", None),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }
}
