//! System calls that no build needs are refused; uname(2) is handed to the process outside (seccomp(2)).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use super::description::{Level, Network, Room};

/// The machine whose calls are known here (include/uapi/linux/audit.h). None: no filter is written for it.
#[cfg(target_arch = "x86_64")]
const MACHINE: Option<u32> = Some(0xC000_003E);
#[cfg(target_arch = "aarch64")]
const MACHINE: Option<u32> = Some(0xC000_00B7);
#[cfg(target_arch = "riscv64")]
const MACHINE: Option<u32> = Some(0xC000_00F3);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
const MACHINE: Option<u32> = None;

/// 32-bit programs on x86_64, whose calls have numbers of their own (arch/x86/entry/syscalls/syscall_32.tbl).
const I386: u32 = 0x4000_0003;
const I386_UNAME: u32 = 122;
/// mount, umount, ptrace, umount2, init_module, delete_module, pivot_root, kexec_load, add_key, request_key, keyctl, unshare,
/// setns, process_vm_readv, process_vm_writev, finit_module, bpf, userfaultfd
const I386_REFUSED: [u32; 18] = [21, 22, 26, 52, 128, 129, 217, 283, 286, 287, 288, 310, 346, 347, 348, 350, 357, 374];
/// The bit that marks calls of the x32 ABI, which are refused as a whole.
const X32: u32 = 0x4000_0000;

const REFUSED: [libc::c_long; 26] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_mount_setattr,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
];

const NAMESPACES: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u32;
const SET_ID_BITS: u32 = libc::S_ISUID | libc::S_ISGID;

/// Restricts this process and its children. Gives the descriptor on which uname(2) arrives; none where nobody is to
/// answer, or where somebody above listens already.
///
/// # Errors
///
/// The kernel takes no filters.
pub(super) fn restrict(room: &Room) -> io::Result<Option<OwnedFd>> {
    let Some(machine) = MACHINE else { return Ok(None) };
    if room.target.is_some() {
        match install(&filter(room, machine, Uname::Ask), libc::SECCOMP_FILTER_FLAG_NEW_LISTENER) {
            // SAFETY: the call gave a new descriptor, which is nobody else's.
            Ok(listener) => return Ok(Some(unsafe { OwnedFd::from_raw_fd(listener) })),
            // Somebody above listens already, or the kernel is older than 5.0.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EINVAL)) => {}
            Err(error) => return Err(error),
        }
    }
    match install(&filter(room, machine, Uname::Allow), 0) {
        // A kernel without filters: the other walls stand.
        Err(error) if !matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) => Err(error),
        _ => Ok(None),
    }
}

fn install(filter: &[libc::sock_filter], flags: libc::c_ulong) -> io::Result<i32> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the program and its instructions live through the call, which only reads them.
    let answer = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &program) };
    i32::try_from(answer).ok().filter(|answer| *answer >= 0).ok_or_else(io::Error::last_os_error)
}

#[derive(Clone, Copy, PartialEq)]
enum Uname {
    Ask,
    Allow,
}

fn filter(room: &Room, machine: u32, uname: Uname) -> Vec<libc::sock_filter> {
    const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    let native = |filter: &mut Filter| {
        if cfg!(target_arch = "x86_64") {
            filter.when_at_least(X32, UNKNOWN);
        }
        for call in REFUSED {
            filter.when(call as u32, REFUSE);
        }
        // Its flags lie in memory, where no filter sees them; the C library goes on with clone.
        filter.when(libc::SYS_clone3 as u32, UNKNOWN);
        filter.when_bits(libc::SYS_clone as u32, 0, NAMESPACES, REFUSE);
        #[cfg(target_arch = "x86_64")]
        filter.when_bits(libc::SYS_chmod as u32, 1, SET_ID_BITS, REFUSE);
        filter.when_bits(libc::SYS_fchmod as u32, 1, SET_ID_BITS, REFUSE);
        filter.when_bits(libc::SYS_fchmodat as u32, 2, SET_ID_BITS, REFUSE);
        filter.when_bits(FCHMODAT2, 2, SET_ID_BITS, REFUSE);
        for request in PUSHING {
            filter.when_value(libc::SYS_ioctl as u32, 1, request, REFUSE);
        }
        if room.network == Network::None {
            let families: &[libc::c_int] = match room.level {
                Level::Full => &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6],
                Level::User | Level::None => &[],
            };
            filter.unless_among(libc::SYS_socket as u32, 0, families, REFUSE);
        }
        if uname == Uname::Ask {
            filter.when(libc::SYS_uname as u32, libc::SECCOMP_RET_USER_NOTIF);
        }
        filter.end(libc::SECCOMP_RET_ALLOW);
    };
    let narrow = |filter: &mut Filter| {
        for call in I386_REFUSED {
            filter.when(call, REFUSE);
        }
        if uname == Uname::Ask {
            filter.when(I386_UNAME, libc::SECCOMP_RET_USER_NOTIF);
        }
        filter.end(libc::SECCOMP_RET_ALLOW);
    };
    let mut filter = Filter::default();
    filter.of_machine(machine, native);
    if cfg!(target_arch = "x86_64") {
        filter.of_machine(I386, narrow);
    }
    filter.end(UNKNOWN);
    filter.0
}

/// Requests that push keys into a terminal, for who reads there next (ioctl_tty(2), ioctl_console(2)).
const PUSHING: [u32; 2] = [libc::TIOCSTI as u32, 0x541C];

/// Since 6.6, with one number on all machines.
const FCHMODAT2: u32 = 452;

/// Classic BPF over `struct seccomp_data`, statement by statement.
#[derive(Default)]
struct Filter(Vec<libc::sock_filter>);

/// Where `struct seccomp_data` has its members: number, machine, arguments of eight bytes (little-endian machines).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

impl Filter {
    /// What the closure adds counts for calls of this machine only, and must end all of them.
    fn of_machine(&mut self, machine: u32, calls: impl FnOnce(&mut Filter)) {
        let mut inner = Filter::default();
        calls(&mut inner);
        self.load(ARCHITECTURE);
        // A conditional jump reaches 255 statements; the plain one behind it reaches all.
        self.jump(libc::BPF_JEQ, machine, 1, 0);
        self.0.push(statement(libc::BPF_JMP | libc::BPF_JA, inner.0.len() as u32 + 1));
        self.load(NUMBER);
        self.0.append(&mut inner.0);
    }

    fn when(&mut self, call: u32, answer: u32) {
        self.jump(libc::BPF_JEQ, call, 0, 1);
        self.end(answer);
    }

    fn when_at_least(&mut self, call: u32, answer: u32) {
        self.jump(libc::BPF_JGE, call, 0, 1);
        self.end(answer);
    }

    /// The call with one of these bits in the argument of this number.
    fn when_bits(&mut self, call: u32, argument: u32, bits: u32, answer: u32) {
        self.jump(libc::BPF_JEQ, call, 0, 4);
        self.load(ARGUMENTS + 8 * argument);
        self.jump(libc::BPF_JSET, bits, 0, 1);
        self.end(answer);
        self.load(NUMBER);
    }

    /// The call with this value in the argument of this number.
    fn when_value(&mut self, call: u32, argument: u32, value: u32, answer: u32) {
        self.jump(libc::BPF_JEQ, call, 0, 4);
        self.load(ARGUMENTS + 8 * argument);
        self.jump(libc::BPF_JEQ, value, 0, 1);
        self.end(answer);
        self.load(NUMBER);
    }

    /// The call with another value than these in the argument of this number.
    fn unless_among(&mut self, call: u32, argument: u32, allowed: &[libc::c_int], answer: u32) {
        let count = allowed.len() as u8;
        self.jump(libc::BPF_JEQ, call, 0, count + 3);
        self.load(ARGUMENTS + 8 * argument);
        for (at, value) in allowed.iter().enumerate() {
            self.jump(libc::BPF_JEQ, *value as u32, count - at as u8, 0);
        }
        self.end(answer);
        self.load(NUMBER);
    }

    fn end(&mut self, answer: u32) {
        self.0.push(statement(libc::BPF_RET | libc::BPF_K, answer));
    }

    fn load(&mut self, offset: u32) {
        self.0.push(statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset));
    }

    fn jump(&mut self, test: u32, value: u32, if_so: u8, if_not: u8) {
        let jump = statement(libc::BPF_JMP | test | libc::BPF_K, value);
        self.0.push(libc::sock_filter { jt: if_so, jf: if_not, ..jump });
    }
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}
