//! What a build may do: the tries of a hostile makefile on each level that this machine allows, and what is taken back of
//! what it leaves. Every try is harmless where it succeeds: files are opened for writing and not written.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use crate::sandbox::tools::needs;
use crate::sandbox::{KERNEL, Sandbox};

/// A name, the try (it succeeds when it ends with 0), and whether only level full stops it.
const TRIES: &[(&str, &str, bool)] = &[
    ("write passwd", ": >>/etc/passwd", false),
    ("write the settings", ": >>/etc/dkms/evil", false),
    ("write programs", ": >>/usr/bin/env", false),
    ("add a program", ": >/usr/sbin/evil", false),
    ("write headers", ": >>$SANDBOX/lib/modules/6.1.0-1/build/include/config/auto.conf", false),
    ("write the source", ": >>$SANDBOX/src/hostile-1/dkms.conf", false),
    ("write the tree", ": >$SANDBOX/dkms/evil", false),
    ("write beside its folder", ": >$SANDBOX/dkms/hostile/1/evil", false),
    ("write another installed module", ": >>$SANDBOX/lib/modules/6.1.0-1/updates/other.ko", false),
    ("read a key", "read x <$SANDBOX/dkms/mok.key", false),
    ("read a key that all may read", "read x <$SANDBOX/dkms/mok.pub", true),
    ("read shadow", "cat /etc/shadow", false),
    ("read the home of root", "ls /root/.", false),
    ("list homes", "ls -d /home/.", true),
    ("read the environment of process 1", "cat /proc/1/environ", false),
    ("walk into the root of process 1", "ls /proc/1/root/", false),
    ("see processes outside", "[ -e /proc/$OUTSIDE/stat ]", true),
    ("signal a process outside", "kill -0 $OUTSIDE", false),
    ("see modules of another kernel", "[ -e $SANDBOX/lib/modules/6.1.0-2 ]", true),
    ("mount", "mount -t tmpfs none /tmp", false),
    ("leave by chroot", "/usr/sbin/chroot / /bin/true", false),
    ("a user namespace", "unshare -Ur true", false),
    ("a set-user-id program", "cp /bin/true mine && chmod u+s mine", false),
    ("a device", "mknod disk b 8 0", false),
    ("read memory", "head -c1 /dev/mem", false),
    ("read the log of the kernel", "head -c1 /dev/kmsg", false),
    ("TCP", "bash -c ': >/dev/tcp/127.0.0.1/$TCP'", false),
    (
        "an abstract socket",
        "perl -MSocket -e 'socket(S,PF_UNIX,SOCK_STREAM,0) && connect(S,pack_sockaddr_un(\"\\0dkms-test-$OUTSIDE\")) or exit 1'",
        false,
    ),
    (
        "a socket in a folder",
        "perl -MSocket -e 'socket(S,PF_UNIX,SOCK_STREAM,0) && connect(S,pack_sockaddr_un(\"$SANDBOX/dkms/socket\")) or exit 1'",
        false,
    ),
    ("push keys into a terminal", "perl -e 'ioctl(STDIN, 0x5412, my $key = \"x\") or exit 1'", false),
    ("trace", "strace -p $OUTSIDE -o /dev/null & sleep 0.1; kill $! 2>/dev/null; exit 1", false),
    // add_key(2) as x86_64 has it; others do not know the number.
    (
        "put a key into a keyring",
        "perl -e 'my ($t, $d, $p) = (\"user\", \"dkms\", \"x\"); exit(syscall(248, $t, $d, $p, 1, -4) < 0)'",
        false,
    ),
    ("a nested dkms", "$DKMS remove other/1 --all --dkmstree=$SANDBOX/dkms", false),
];

pub(super) fn may_have_rooms() -> bool {
    let out = std::process::Command::new("id").arg("-u").output().expect("id");
    out.stdout == b"0\n"
}

/// Builds with MAKE saying this, at this level; gives the log, whether or not it went well.
pub(super) fn build(sandbox: &Sandbox, level: &str, script: &str) -> (crate::sandbox::Ran, String) {
    sandbox.source("hostile", "1", "MAKE=\"bash ./hostile\"");
    let script =
        script.replace("$DKMS", env!("CARGO_BIN_EXE_dkms")).replace("$OUTSIDE", &std::process::id().to_string());
    sandbox.write("src/hostile-1/hostile", &script);
    sandbox.dkms("add hostile/1");
    let ran = sandbox.with("DKMS_ROOM", level, &format!("build hostile/1 -k {KERNEL} --force"));
    let places = [
        format!("dkms/hostile/1/{KERNEL}/{}/log/make.log", std::env::consts::ARCH),
        "dkms/hostile/1/build/make.log".into(),
    ];
    let log = places.iter().find_map(|place| fs::read_to_string(sandbox.path(place)).ok());
    (ran, log.unwrap_or_default())
}

/// Makes a module as it should be.
pub(super) const GOOD: &str = ". $SANDBOX/bin/elf.sh; elf >hostile.ko\n";

pub(super) fn furnished() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("other", "1", "");
    sandbox.ok("add other/1");
    sandbox.ok(&format!("install other/1 -k {KERNEL}"));
    for (name, mode) in [("mok.key", 0o600), ("mok.pub", 0o644)] {
        sandbox.write(&format!("dkms/{name}"), "secret\n");
        fs::set_permissions(sandbox.path(&format!("dkms/{name}")), fs::Permissions::from_mode(mode)).expect("a mode");
    }
    sandbox
}

#[test]
fn of_what_a_hostile_build_tries_nothing_succeeds() {
    needs!("unshare");
    if !may_have_rooms() {
        return;
    }
    let (tcp, udp) =
        (TcpListener::bind("127.0.0.1:0").expect("a port"), UdpSocket::bind("127.0.0.1:0").expect("a port"));
    udp.set_nonblocking(true).expect("a mode");
    let port = |address: std::net::SocketAddr| address.port().to_string();
    for level in ["full", "user"] {
        let sandbox = furnished();
        let socket = sandbox.path("dkms/socket");
        let _in_folder = UnixListener::bind(&socket).expect("a socket");
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).expect("a mode");
        let name = SocketAddr::from_abstract_name(format!("dkms-test-{}", std::process::id())).expect("a name");
        let _abstract = UnixListener::bind_addr(&name).expect("a socket");
        let mut script = String::from("id -u | sed 's/^/USER /'\n");
        for (name, line, _) in TRIES {
            script.push_str(&format!("( {line} ) >/dev/null 2>&1 && echo 'DONE {name}'\n"));
        }
        script.push_str("setsid sleep 86399.7 >/dev/null 2>&1 &\nbash -c ': >/dev/udp/127.0.0.1/$UDP' 2>/dev/null\n");
        let script = script.replace("$TCP", &port(tcp.local_addr().expect("one")));
        let script = script.replace("$UDP", &port(udp.local_addr().expect("one"))) + GOOD;
        let (ran, log) = build(&sandbox, level, &script);
        if ran.err.contains("cannot be had here") {
            // Said, not passed over: this machine allows no such room.
            std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("skipped: level {level}: {}\n", ran.err).as_bytes(),
            )
            .expect("standard error");
            continue;
        }
        assert_eq!(ran.code, 0, "{level}: {ran:#?} {log}");
        assert!(log.contains("USER 6"), "{level}: {log}");
        let done: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("DONE ")).collect();
        let allowed: Vec<&str> =
            TRIES.iter().filter(|(_, _, only_full)| *only_full && level == "user").map(|(name, _, _)| *name).collect();
        let unexpected: Vec<&&str> = done.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(unexpected.is_empty(), "{level}: {unexpected:?}\n{log}");
        assert!(udp.recv(&mut [0; 8]).is_err(), "{level}: UDP arrived");
        assert!(!runs("86399.7"), "{level}: a daemon is left");
        assert!(sandbox.status().iter().any(|line| line.starts_with("other/1") && line.contains("installed")));
    }
}

pub(super) fn runs(word: &str) -> bool {
    fs::read_dir("/proc").expect("/proc").flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).split('\0').any(|argument| argument == word)
    })
}

/// What a build may leave in a module's place, and a word of why it is not taken.
const TRICKS: &[(&str, &str, &str)] = &[
    ("a link to shadow", "ln -s /etc/shadow hostile.ko", "leaves the build folder"),
    ("a link through a folder", "ln -s /etc x; ln -s x/shadow hostile.ko", "leaves the build folder"),
    (
        "a second name of a foreign file",
        "ln $SANDBOX/lib/modules/6.1.0-1/updates/other.ko hostile.ko 2>/dev/null",
        "did not produce",
    ),
    ("a FIFO", "mkfifo hostile.ko", "did not produce"),
    ("a folder", "mkdir hostile.ko", "did not produce"),
    ("a file of 1 TiB", "truncate -s 60G hostile.ko", "bytes large"),
    ("a device", "mknod hostile.ko c 1 3 2>/dev/null || :", "did not produce"),
    ("a file larger than a file may be", "truncate -s 1T hostile.ko 2>/dev/null || :", "not for kernel"),
    ("no module", "echo no >hostile.ko", "not for kernel"),
];

#[test]
fn nothing_but_a_file_of_the_builds_own_is_taken_back() {
    if !may_have_rooms() {
        return;
    }
    let sandbox = furnished();
    for (name, trick, why) in TRICKS {
        let (ran, log) = build(&sandbox, "auto", &format!("{trick}\nexit 0\n"));
        assert!(ran.code != 0 && ran.err.contains(why), "{name}: {ran:#?}\n{log}");
        assert!(!sandbox.path(&format!("dkms/hostile/1/{KERNEL}/{}", std::env::consts::ARCH)).exists(), "{name}");
    }
}

#[test]
fn a_log_that_a_build_replaces_by_a_link_is_written_all_the_same() {
    if !may_have_rooms() {
        return;
    }
    let sandbox = furnished();
    let target = sandbox.path("target");
    fs::write(&target, "theirs").expect("a file");
    let set_id = "perl -MFcntl -e 'sysopen(F, \"mine\", O_CREAT|O_WRONLY, 04755) or exit 1'\n";
    let script = format!("{set_id}rm make.log; ln -s $SANDBOX/target make.log; echo told; exit 1\n");
    let (ran, log) = build(&sandbox, "auto", &script);
    assert_eq!(ran.code, 10, "{ran:#?}");
    assert!(log.contains("told"), "{log}");
    assert_eq!(fs::read_to_string(target).expect("it"), "theirs");
    let left = fs::metadata(sandbox.path("dkms/hostile/1/build/hostile")).expect("what is left");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&left), 0, "it is root's again");
    let set_id = fs::metadata(sandbox.path("dkms/hostile/1/build/mine")).expect("what was to be set-user-id");
    assert_eq!(set_id.permissions().mode() & 0o6000, 0, "it would run as root now");
}

/// What takes too much, under which setting, and which one the failure names.
const EXHAUSTING: &[(&str, &str, &str)] = &[
    ("room_processes=40", "sh -c 'for i in $(seq 90); do sleep 30 & done; wait'", "room_processes"),
    ("room_memory=64", "head -c 300M /dev/zero | tail -c 299M >/dev/null; exit ${PIPESTATUS[1]}", "room_memory"),
    (
        "room_memory=64",
        "for i in 1 2 3 4 5 6; do (head -c 26M /dev/zero; exec sleep 60) | tail -c 25M >/dev/null & done; wait; exit 1",
        "room_memory",
    ),
    ("room_file_size=1", "head -c 3M /dev/zero >big", "room_file_size"),
    (
        "room_disk=8",
        "for i in 1 2 3 4 5 6; do head -c 4M /dev/zero >f$i; sleep 0.3; done; sleep 60; exit 1",
        "room_disk",
    ),
];

#[test]
fn a_build_that_takes_too_much_fails_and_the_limit_is_named() {
    if !may_have_rooms() {
        return;
    }
    for level in ["full", "user"] {
        for (setting, script, named) in EXHAUSTING {
            let sandbox = Sandbox::new();
            sandbox.source("hostile", "1", "MAKE=\"bash ./hostile\"");
            sandbox.write("src/hostile-1/hostile", &format!("{script}\n"));
            sandbox.ok("add hostile/1");
            let begin = std::time::Instant::now();
            let settings = format!("room={level}\n{setting}\n");
            let ran =
                sandbox.with_settings_and(&settings, &[("DKMS_ROOM", "")], &format!("build hostile/1 -k {KERNEL}"));
            if ran.err.contains("cannot be had here") {
                continue;
            }
            assert!(ran.code == 10 && ran.err.contains(named), "{level} {setting}: {ran:#?}");
            assert!(begin.elapsed().as_secs() < 30, "{level} {setting}: {:?}", begin.elapsed());
        }
    }
}

/// Ways in which makefiles ask for the kernel, and the weakest level on which the answer is the target.
const ASKING: &[(&str, &str, &str)] = &[
    ("in PATH", "uname -r", "none"),
    (
        "KVERSION ?=",
        "printf 'KVERSION ?= $(shell uname -r)\\nall:\\n\\t@echo $(KVERSION)\\n' >k && /usr/bin/make -sf k",
        "none",
    ),
    ("a folder of the kernel", "[ ! -e /lib/modules/$(uname -r) ] || uname -r; uname -r", "none"),
    ("by its path", "/bin/uname -r", "user"),
    ("without an environment", "env -i /bin/uname -r", "user"),
    ("perl", "perl -MPOSIX -e 'print +(POSIX::uname())[2]'", "user"),
    ("osrelease", "cat /proc/sys/kernel/osrelease", "full"),
    ("/proc/version", "cut -d' ' -f3 /proc/version", "full"),
];

#[test]
fn however_a_makefile_asks_for_the_kernel_it_is_told_the_one_that_is_built_for() {
    if !may_have_rooms() {
        return;
    }
    let script: String =
        ASKING.iter().map(|(name, line, _)| format!("echo \"<{name}> $({line} | tail -n1)\"\n")).collect();
    for (at, level) in ["none", "user", "full"].into_iter().enumerate() {
        let (ran, log) = build(&furnished(), level, &format!("{script}{GOOD}"));
        if ran.err.contains("cannot be had here") {
            continue;
        }
        assert_eq!(ran.code, 0, "{level}: {ran:#?} {log}");
        for (name, _, weakest) in ASKING {
            let counts =
                ["none", "user", "full"].iter().position(|level| level == weakest).is_some_and(|from| at >= from);
            let is_told = log.contains(&format!("<{name}> {KERNEL}\n"));
            assert!(is_told || !counts, "{level}: {name}: {log}");
        }
    }
}

#[test]
fn what_a_dkms_conf_runs_is_in_a_room_too() {
    if !may_have_rooms() {
        return;
    }
    let sandbox = furnished();
    let run = "BUILT_MODULE_NAME[0]=$( ( id -u; uname -r; : >>/etc/passwd && echo PASSWD; : >$SANDBOX/dkms/evil && echo TREE; \
               read x <$SANDBOX/dkms/mok.key && echo KEY; : >/dev/tcp/127.0.0.1/$TCP && echo NETWORK; cat ./beside ) 2>/dev/null | \
               tr -c 'A-Za-z0-9.-' _ )\n";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let run = run.replace("$TCP", &listener.local_addr().expect("one").port().to_string());
    let run = run.replace("./beside", "${BASH_SOURCE%/*}/beside");
    sandbox.source("asking", "1", &run);
    sandbox.write("src/asking-1/beside", "BESIDE");
    sandbox.ok("add asking/1");
    let line = format!("conf asking/1 -k {KERNEL} --json");
    let told = |level: &str| {
        let ran = sandbox.with("DKMS_ROOM", level, &line);
        (
            ran.out
                .lines()
                .find(|line| line.contains("BESIDE") || line.contains("PASSWD"))
                .unwrap_or_default()
                .to_owned(),
            ran,
        )
    };
    for level in ["full", "user"] {
        let (name, ran) = told(level);
        if ran.err.contains("can be had here") {
            continue;
        }
        let said = ["PASSWD", "TREE", "KEY", "NETWORK"].iter().filter(|word| name.contains(**word)).count();
        assert!(said == 0 && name.contains("6.1.0-1_BESIDE"), "{level}: {name} {ran:#?}");
        assert!(name.contains("\"6"), "{level}: not another user: {name}");
    }
    // Only root may read it: it is told, and read all the same.
    fs::set_permissions(sandbox.path("src/asking-1/dkms.conf"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let ran = sandbox.with("DKMS_ROOM", "auto", &line);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn uname_tells_the_kernel_that_is_built_for_on_every_level() {
    let sandbox = Sandbox::new();
    for level in ["auto", "none"] {
        let (ran, log) = build(&sandbox, level, &format!("echo \"<$(uname -r)>\"\n{GOOD}"));
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(log.contains(&format!("<{KERNEL}>")), "{level}: {log}");
    }
}

/// In a user namespace that knows one user only nobody else can be had.
#[test]
fn a_room_that_is_demanded_and_cannot_be_had_is_an_error_and_otherwise_it_is_built_without() {
    needs!("unshare");
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    let build = |room: &str| {
        let wrapper = ["unshare", "-Ur", "env", &format!("DKMS_ROOM={room}")].map(str::to_owned);
        sandbox.through(&wrapper, &["build", "foo/1", "-k", KERNEL, "--verbose", "--force"])
    };
    let refused = build("full");
    assert!(refused.code == 10 && refused.err.contains("room=auto"), "{refused:#?}");
    let built = build("auto");
    assert!(built.code == 0 && (built.out.clone() + &built.err).contains("level none"), "{built:#?}");
}

/// Starts a build that waits in the middle; `then` is given its user, and what is run afterwards.
fn while_building(level: &str, more: &str, then: impl FnOnce(u32)) -> Option<(crate::sandbox::Ran, String)> {
    let sandbox = furnished();
    let script = format!("id -u >user.new; mv user.new user\n{more}\nwhile [ ! -e go ]; do sleep 0.1; done\n{GOOD}");
    let file = |name: &str| sandbox.path(&format!("dkms/hostile/1/build/{name}"));
    std::thread::scope(|scope| {
        let building = scope.spawn(|| build(&sandbox, level, &script));
        let user = loop {
            if let Ok(user) = fs::read_to_string(file("user")) {
                break Some(user);
            }
            if building.is_finished() {
                break None;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        if let Some(user) = &user {
            let user = user.trim().parse().expect("a number");
            let then = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| then(user)));
            fs::write(file("go"), "").expect("a file");
            then.unwrap_or_else(|why| std::panic::resume_unwind(why));
        }
        let built = building.join().expect("a build");
        if user.is_none() {
            assert!(built.0.err.contains("cannot be had here"), "{built:#?}");
        }
        user.map(|_| built)
    })
}

#[test]
fn rooms_that_share_processes_and_no_network_leave_each_other_alone() {
    needs!("unshare");
    if !may_have_rooms() {
        return;
    }
    let mut users = Vec::new();
    let first = while_building("user", "", |one| {
        let sandbox = furnished();
        sandbox.source("second", "1", "MAKE=\"bash ./second\"");
        sandbox
            .write("src/second-1/second", &format!("id -u | sed 's/^/USER /'\n{}", GOOD.replace("hostile", "second")));
        sandbox.ok("add second/1");
        // As a container has it: other locks below /run, other abstract sockets, the same processes.
        let apart = "mount -t tmpfs none /run && DKMS_ROOM=user exec \"$@\"";
        let wrapper = ["unshare", "-nm", "sh", "-c", apart, "sh"].map(str::to_owned);
        let ran = sandbox.through(&wrapper, &["build", "second/1", "-k", KERNEL]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let log = format!("dkms/second/1/{KERNEL}/{}/log/make.log", std::env::consts::ARCH);
        let log = fs::read_to_string(sandbox.path(&log)).expect("a log");
        users = vec![format!("USER {one}"), log.lines().find(|line| line.starts_with("USER ")).expect("it").to_owned()];
    });
    let Some((ran, log)) = first else { return };
    assert_eq!(ran.code, 0, "the second ended the first: {ran:#?} {log}");
    assert_ne!(users[0], users[1]);
}

/// Also those that left their session, group and parent behind.
#[test]
fn with_a_room_ends_what_descends_from_it_and_nobody_else_of_its_user() {
    needs!("setpriv");
    if !may_have_rooms() {
        return;
    }
    for level in ["user", "full"] {
        let word = format!("8639{}.4", level.len());
        let daemon = format!("(setsid sh -c 'sleep {word} & exec 2>&-' >/dev/null 2>&1 </dev/null &)\n");
        let mut foreign = None;
        let built = while_building(level, &daemon, |user| {
            let user = user.to_string();
            let words = ["--reuid", &user, "--regid", &user, "--clear-groups", "sleep", "60"];
            foreign = Some(std::process::Command::new("setpriv").args(words).spawn().expect("setpriv"));
            let begin = std::time::Instant::now();
            while !runs(&word) {
                assert!(begin.elapsed().as_secs() < 20, "{level}: the daemon was not even started");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        });
        let Some((ran, log)) = built else { continue };
        let mut foreign = foreign.expect("one");
        let lives = foreign.try_wait().expect("an answer").is_none();
        foreign.kill().expect("its end");
        foreign.wait().expect("its end");
        assert_eq!(ran.code, 0, "{level}: {ran:#?} {log}");
        assert!(lives, "{level}: somebody else's process was ended");
        assert!(!runs(&word), "{level}: a daemon is left");
    }
}

#[test]
fn a_person_works_where_make_would_run_and_leaves_nothing_there() {
    needs!("script");
    let sandbox = furnished();
    sandbox.source("foo", "1", "MAKE=\"make all\"\nPRE_BUILD=before");
    sandbox.write("src/foo-1/before", "#!/bin/sh\ntouch prepared\n");
    fs::set_permissions(sandbox.path("src/foo-1/before"), fs::Permissions::from_mode(0o755)).expect("a mode");
    sandbox.ok("add foo/1");
    let room = |words: &[&str]| {
        let mut command = sandbox.program();
        command.args(["room", "foo/1", "-k", KERNEL]).args(sandbox.places()).args(words);
        let output = command.stdin(std::process::Stdio::null()).output().expect("dkms");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        crate::sandbox::Ran {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    };
    let nothing = room(&[]);
    assert!(nothing.code == 64 && nothing.err.contains("terminal") && nothing.err.contains("-- make"), "{nothing:#?}");
    let script = "ls prepared; uname -r; pwd; echo \"headers $kernel_source_dir\"; exit 3";
    let ran = room(&["--", "sh", "-c", script]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    for told in ["prepared\n", &format!("{KERNEL}\n"), "foo/1/build\n", "headers /", "KERNELRELEASE=6.1.0-1 all"] {
        assert!(ran.out.contains(told), "{told}: {ran:#?}");
    }
    assert!(!sandbox.path("dkms/foo/1/build").exists());
    assert!(sandbox.status().iter().any(|line| line == "foo/1: added"), "{:?}", sandbox.status());
    let typed = "[ -t 0 ] && echo terminal-$((1 + 1)); id -u | sed s/^/user=/; exit\n";
    let places = sandbox.places().join(" ");
    let line = format!("{} room foo/1 -k {KERNEL} {places}", env!("CARGO_BIN_EXE_dkms"));
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).envs(sandbox.environment());
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("script");
    std::io::Write::write_all(child.stdin.as_mut().expect("its input"), typed.as_bytes()).expect("typed");
    let out = String::from_utf8_lossy(&child.wait_with_output().expect("its end").stdout).into_owned();
    assert!(out.contains("room of ") && out.contains("terminal-2"), "{out}");
    assert!(!may_have_rooms() || out.contains("user=6"), "{out}");
    assert!(!sandbox.path("dkms/foo/1/build").exists());
}

#[test]
fn the_level_of_a_build_is_told_to_programs_and_once_to_people() {
    let sandbox = Sandbox::new();
    for name in ["foo", "bar"] {
        sandbox.source(name, "1", "");
        sandbox.ok(&format!("add {name}/1"));
    }
    let document = |ran: &crate::sandbox::Ran| -> serde_json::Value { serde_json::from_str(&ran.out).expect("JSON") };
    let built = sandbox.with("DKMS_ROOM", "none", &format!("build foo/1 -k {KERNEL} --json"));
    assert_eq!(document(&built)["steps"][0]["room"], "none", "{built:#?}");
    let listed = sandbox.dkms(&format!("status foo -k {KERNEL} --json"));
    assert_eq!(document(&listed)["modules"][0]["room"], "none", "{listed:#?}");
    sandbox.ok(&format!("unbuild foo/1 -k {KERNEL}"));
    let ran = sandbox.with("DKMS_ROOM", "none", &format!("autoinstall -k {KERNEL} --verbose --force"));
    assert_eq!(ran.out.matches("in a room of level none").count(), 1, "{ran:#?}");
}
