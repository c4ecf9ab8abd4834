//! The places that dkms is run in: the level of room that each allows is found, and the build works.

use std::fs;

use super::rooms::may_have_rooms;
use crate::sandbox::tools::needs;
use crate::sandbox::{KERNEL, Sandbox};

/// Lets a shell without rights of its own have users 0 to 65535, as newuidmap(1) does for containers.
const MANY_USERS: &str = r#"mkfifo $SANDBOX/go; (until [ -s $SANDBOX/pid ]; do sleep 0.02; done; read p <$SANDBOX/pid
    echo '0 0 65536' >/proc/$p/uid_map; echo '0 0 65536' >/proc/$p/gid_map; echo >$SANDBOX/go) &
    exec unshare -U sh -c 'echo $$ >$SANDBOX/pid; read x <$SANDBOX/go; exec setpriv --reuid 0 --regid 0 --clear-groups "$@"' sh "#;

/// What leads to a place, in a shell, in front of the command that is run there; and the level that it allows.
const PLACES: &[(&str, &str, &str)] = &[
    ("a machine", "exec", "full"),
    ("private mounts, as scriptlets of rpm may have", "exec unshare -m", "full"),
    ("a user namespace that knows one user", "exec unshare -Ur", "none"),
    ("the same with mounts, as bubblewrap has it", "exec unshare -Urm", "none"),
    ("a container without root's users, as LXC and mkosi have it", "MANY unshare -m", "full"),
    (
        "a container with the rights that docker gives",
        "exec setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap",
        "user",
    ),
    ("no right to mount", "exec setpriv --bounding-set=-sys_admin", "user"),
    ("no right to mount or to be somebody else", "exec setpriv --bounding-set=-sys_admin,-setuid", "none"),
    ("no new privileges, as a service may have it", "exec setpriv --no-new-privs", "full"),
    (
        "a chroot",
        "exec unshare -m sh -c 'mkdir $SANDBOX/root && mount --rbind / $SANDBOX/root && exec chroot $SANDBOX/root \"$@\"' sh",
        "full",
    ),
    (
        "a chroot without /proc and /sys",
        "exec unshare -m sh -c 'mkdir $SANDBOX/root && mount --rbind / $SANDBOX/root && umount -l $SANDBOX/root/proc $SANDBOX/root/sys && exec chroot $SANDBOX/root \"$@\"' sh",
        "full",
    ),
    (
        "a chroot without /proc and the right to mount",
        "exec unshare -m sh -c 'mkdir $SANDBOX/root && mount --rbind / $SANDBOX/root && umount -l $SANDBOX/root/proc && exec setpriv --bounding-set=-sys_admin chroot $SANDBOX/root \"$@\"' sh",
        "user",
    ),
    (
        "the mounts of a service with ProtectSystem=strict, ProtectHome and a writable tree",
        "exec unshare -m sh -c 'mount --bind $SANDBOX $SANDBOX && mount -t tmpfs none /home && mount -t tmpfs none /root && \
         for at in $(cut -d\" \" -f5 /proc/self/mountinfo); do case $at in $SANDBOX*|/proc*|/sys*|/dev*) ;; \
         *) mount -o remount,bind,ro $at || exit 9 ;; esac; done; ! touch /usr/evil 2>/dev/null || exit 9; exec \"$@\"' sh",
        "full",
    ),
];

#[test]
fn in_every_place_the_level_that_it_allows_is_found_and_the_build_works() {
    needs!("setpriv", "unshare");
    if !may_have_rooms() {
        return;
    }
    for (place, way, level) in PLACES {
        let sandbox = Sandbox::new();
        sandbox.source("foo", "1", "MAKE=\"make all\"");
        sandbox.ok("add foo/1");
        let way = format!("{} \"$@\"", way.replace("MANY ", MANY_USERS));
        let wrapper = ["sh", "-c", &way, "sh"].map(str::to_owned);
        let ran = sandbox.through(&wrapper, &["build", "foo/1", "-k", KERNEL, "--verbose"]);
        assert_eq!(ran.code, 0, "{place}: {ran:#?}");
        assert!((ran.out.clone() + &ran.err).contains(&format!("room of level {level}")), "{place}: {ran:#?}");
        assert!(sandbox.status()[0].ends_with(": built"), "{place}: {:?}", sandbox.status());
    }
}

/// Takes a token of the jobserver that MAKEFLAGS names by descriptors, and gives it back.
const TOKEN: &str = r#"auth=${MAKEFLAGS##*--jobserver-auth=}; auth=${auth%% *}
    read -r -n 1 -t 5 token <&${auth%,*} && printf %s "$token" >&${auth#*,} && echo "TOKEN $token"
    . $SANDBOX/bin/elf.sh; elf >hostile.ko
"#;

#[test]
fn a_jobserver_of_an_outer_make_is_shared_through_the_wall_whatever_kind_it_is() {
    let levels: &[&str] = if may_have_rooms() { &["full", "user", "none"] } else { &["none"] };
    for level in levels {
        let sandbox = Sandbox::new();
        let fifo = sandbox.path("pool");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        let _held = fs::File::options().read(true).write(true).open(&fifo).expect("a FIFO");
        fs::write(&fifo, "++").expect("two tokens");
        let flags = format!(" -j3 --jobserver-auth=fifo:{}", fifo.display());
        sandbox.source("hostile", "1", "MAKE=\"bash ./hostile\"");
        sandbox.write("src/hostile-1/hostile", TOKEN);
        sandbox.ok("add hostile/1");
        let wrapper = ["env", &format!("MAKEFLAGS={flags}"), &format!("DKMS_ROOM={level}")].map(str::to_owned);
        let ran = sandbox.through(&wrapper, &["build", "hostile/1", "-k", KERNEL]);
        if ran.err.contains("cannot be had here") {
            continue;
        }
        let log = format!("dkms/hostile/1/{KERNEL}/{}/log/make.log", std::env::consts::ARCH);
        let log = fs::read_to_string(sandbox.path(&log)).unwrap_or_default();
        assert!(ran.code == 0 && log.contains("TOKEN +"), "{level}: {ran:#?}\n{log}");
    }
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    let wrapper = ["env", &format!("MAKEFLAGS= -j3 --jobserver-auth=fifo:{}", sandbox.path("gone").display())];
    let ran = sandbox.through(&wrapper.map(str::to_owned), &["build", "foo/1", "-k", KERNEL]);
    assert_eq!(ran.code, 0, "a pool that is gone: {ran:#?}");
}
