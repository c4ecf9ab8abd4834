//! A GNU make jobserver as a child gets it: by two descriptors, whatever kind it is.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// How make 4.4 names one that is a FIFO (GNU make manual, "POSIX Jobserver Interaction").
const FIFO: &str = "fifo:";

/// Lets a child take part. The name of a FIFO means nothing in another root or room and to another user, but makes of all
/// versions take descriptors.
pub(super) fn share(jobserver: &jobserver::Client, child: &mut Command) -> io::Result<()> {
    jobserver.configure_make(child);
    let set: Vec<_> = child.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    let flags = set.iter().find(|(name, _)| name == "MAKEFLAGS").and_then(|(_, value)| value.to_str());
    let Some(fifo) = flags.and_then(fifo).map(str::to_owned) else { return Ok(()) };
    let open = || File::options().read(true).write(true).open(&fifo);
    let named = |error| super::fs::at(fifo.as_ref(), "open", error);
    let ends = [open().map_err(named)?, open().map_err(named)?];
    let descriptors = format!("{},{}", ends[0].as_raw_fd(), ends[1].as_raw_fd());
    for (name, value) in set.iter().filter_map(|(name, value)| Some((name, value.to_str()?))) {
        if value.contains(FIFO) {
            child.env(name, value.replace(&format!("{FIFO}{fifo}"), &descriptors));
        }
    }
    // They live as long as the command does.
    let keep = move || ends.iter().try_for_each(|end| Ok(rustix::io::fcntl_setfd(end, rustix::io::FdFlags::empty())?));
    // SAFETY: a plain call on descriptors that are open.
    unsafe { child.pre_exec(keep) };
    Ok(())
}

fn fifo(flags: &str) -> Option<&str> {
    let of_pool = flags.split_whitespace().filter(|flag| flag.starts_with("--jobserver-"));
    of_pool.filter_map(|flag| flag.split_once(FIFO)).map(|(_, path)| path).next()
}
