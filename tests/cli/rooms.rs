//! What a build may do: the tries of a hostile makefile on each level that this machine allows, and what is taken back of
//! what it leaves. Every try is harmless where it succeeds: files are opened for writing and not written.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;

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
    ("a nested dkms", "$DKMS remove other/1 --all --dkmstree=$SANDBOX/dkms", false),
];

fn may_have_rooms() -> bool {
    let out = std::process::Command::new("id").arg("-u").output().expect("id");
    out.stdout == b"0\n"
}

/// Builds with MAKE saying this, at this level; gives the log, whether or not it went well.
fn build(sandbox: &Sandbox, level: &str, script: &str) -> (crate::sandbox::Ran, String) {
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
const GOOD: &str = ". $SANDBOX/bin/elf.sh; elf >hostile.ko\n";

fn furnished() -> Sandbox {
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

fn runs(word: &str) -> bool {
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
    let (ran, log) = build(&sandbox, "auto", "rm make.log; ln -s $SANDBOX/target make.log; echo told; exit 1\n");
    assert_eq!(ran.code, 10, "{ran:#?}");
    assert!(log.contains("told"), "{log}");
    assert_eq!(fs::read_to_string(target).expect("it"), "theirs");
    let left = fs::metadata(sandbox.path("dkms/hostile/1/build/hostile")).expect("what is left");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&left), 0, "it is root's again");
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
