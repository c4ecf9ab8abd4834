//! uname(2) inside a room, answered from outside (seccomp_unotify(2)): however it is asked (by a program of any name, by
//! python, by a static binary), it tells the kernel that is built for.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::calls::check;
use super::description::Uts;

/// Bytes of a member of `struct new_utsname` (include/uapi/linux/utsname.h).
const MEMBER: usize = 65;
/// Its members: sysname, nodename, release, version, machine, domainname.
const MEMBERS: usize = 6;
/// include/uapi/linux/personality.h
const PER_LINUX32: u64 = 0x0008;
const PER_MASK: u64 = 0x00ff;
const UNAME26: u64 = 0x0002_0000;

type Name = [u8; MEMBER * MEMBERS];

pub(super) struct Answers {
    name: Name,
    /// What machines of 32 bits are called here, as setarch(8) has it.
    narrow: &'static str,
}

impl Answers {
    pub(super) fn of(target: &Uts) -> Self {
        let own = rustix::system::uname();
        let own_version = own.version().to_string_lossy().into_owned();
        let members = [
            own.sysname().to_string_lossy().into_owned(),
            own.nodename().to_string_lossy().into_owned(),
            target.release.clone(),
            target.version.clone().unwrap_or(own_version),
            own.machine().to_string_lossy().into_owned(),
            own.domainname().to_string_lossy().into_owned(),
        ];
        let mut name = [0; MEMBER * MEMBERS];
        for (place, member) in name.chunks_exact_mut(MEMBER).zip(&members) {
            put(place, member);
        }
        let narrow = match members[4].as_str() {
            "x86_64" => "i686",
            "aarch64" => "armv8l",
            "ppc64" => "ppc",
            "s390x" => "s390",
            _ => "",
        };
        Self { name, narrow }
    }

    /// Answers one call. One whose caller has gone meanwhile is no error.
    pub(super) fn give(&self, listener: &OwnedFd) -> io::Result<()> {
        let fd = listener.as_raw_fd();
        // SAFETY: plain structures of numbers, for which zeroes are what the kernel asks for.
        let (mut asked, mut answer): (libc::seccomp_notif, libc::seccomp_notif_resp) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        // SAFETY: `asked` is what this request fills.
        if let Err(error) = check(unsafe { libc::ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &mut asked) }) {
            return if is_gone(&error) { Ok(()) } else { Err(error) };
        }
        answer.id = asked.id;
        let name = self.for_caller(asked.pid);
        // The number may have become another process' by now.
        // SAFETY: `asked.id` is what this request reads.
        if check(unsafe { libc::ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &mut asked.id) }).is_err() {
            return Ok(());
        }
        match write(&name, asked.pid, asked.data.args[0]) {
            Ok(()) => {}
            // Containers may forbid to reach into others: then the caller gets what the kernel says.
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
                answer.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
            }
            Err(error) => answer.error = -error.raw_os_error().unwrap_or(libc::EFAULT),
        }
        // SAFETY: `answer` is what this request reads.
        match check(unsafe { libc::ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &mut answer) }) {
            Err(error) if is_gone(&error) => Ok(()),
            other => other,
        }
    }

    /// A caller that setarch(8) made one of 32 bits is told so, as the kernel itself does.
    fn for_caller(&self, pid: u32) -> Name {
        let mut name = self.name;
        let personality = fs_err::read_to_string(format!("/proc/{pid}/personality")).unwrap_or_default();
        let personality = u64::from_str_radix(personality.trim(), 16).unwrap_or(0);
        if personality & PER_MASK == PER_LINUX32 && personality & UNAME26 == 0 && !self.narrow.is_empty() {
            put(&mut name[4 * MEMBER..5 * MEMBER], self.narrow);
        }
        name
    }
}

/// Writes the answer into the caller's memory. A wrong address is the caller's own fault and told as EFAULT.
fn write(name: &Name, pid: u32, address: u64) -> io::Result<()> {
    let local = libc::iovec { iov_base: name.as_ptr().cast_mut().cast(), iov_len: name.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: name.len() };
    // SAFETY: the local vector is ours and only read; the remote one belongs to another process.
    let written = unsafe { libc::process_vm_writev(pid as libc::pid_t, &local, 1, &remote, 1, 0) };
    match usize::try_from(written) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(written) if written < name.len() => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        Ok(_) => Ok(()),
    }
}

/// The text, cut where the member ends, with zeroes behind it.
fn put(place: &mut [u8], text: &str) {
    let length = text.len().min(place.len() - 1);
    place.fill(0);
    place[..length].copy_from_slice(&text.as_bytes()[..length]);
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR | libc::EINPROGRESS))
}

/// `_IOWR('!', NR, SIZE)` (include/uapi/asm-generic/ioctl.h, include/uapi/linux/seccomp.h).
const fn read_and_write(number: u64, size: usize) -> libc::c_ulong {
    (3 << 30 | (size as u64) << 16 | (b'!' as u64) << 8 | number) as libc::c_ulong
}

const SECCOMP_IOCTL_NOTIF_RECV: libc::c_ulong = read_and_write(0, size_of::<libc::seccomp_notif>());
/// `_IOW('!', 2, __u64)`
const SECCOMP_IOCTL_NOTIF_ID_VALID: libc::c_ulong = 0x4008_2102;
const SECCOMP_IOCTL_NOTIF_SEND: libc::c_ulong = read_and_write(1, size_of::<libc::seccomp_notif_resp>());
