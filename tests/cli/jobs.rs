//! How many compilers run at once: what each make is told, alone, beside others, and below another make.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{KERNEL, Sandbox};

/// `make` writes down what it is told.
fn machine(modules: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool(
        "make",
        "#!/bin/sh\necho \"make $* parallel_jobs=$parallel_jobs MAKEFLAGS=$MAKEFLAGS\" >>\"$SANDBOX/told\"\n\
         . elf.sh; for source in *.c; do { elf; cat \"$source\"; } >\"${source%.c}.ko\"; done\n",
    );
    for name in modules {
        sandbox.source(name, "1", "");
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox
}

fn told(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.path("told")).expect("make ran");
    text.lines().map(|line| line.split(" parallel_jobs").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_lone_make_is_told_its_number_and_its_kernel() {
    let processors = std::thread::available_parallelism().expect("a number");
    for (options, jobs) in [
        ("-j 3", "-j3".to_owned()),
        ("-j 1", "-j1".to_owned()),
        ("-j 0", "-j".to_owned()),
        ("", format!("-j{processors}")),
    ] {
        let sandbox = machine(&["foo"]);
        sandbox.ok(&format!("build foo/1 -k {KERNEL} {options}"));
        assert_eq!(told(&sandbox), [format!("make {jobs} KERNELRELEASE={KERNEL}")], "{options}");
    }
}

#[test]
fn other_forms_of_the_command_are_left_as_they_are() {
    for (line, expected) in [
        ("MAKE=\"'make' all -j\\$parallel_jobs\"", "make all -j3".to_owned()),
        ("MAKE=\"'make' all\"", "make all".to_owned()),
        ("MAKE='cd . && make all'", "make all".to_owned()),
        ("MAKE='env X=1 make all'", "make all".to_owned()),
        ("MAKE='make all'", format!("make -j3 KERNELRELEASE={KERNEL} all")),
        (
            "MAKE='make all KERNELRELEASE=$kernelver'",
            format!("make -j3 KERNELRELEASE={KERNEL} all KERNELRELEASE={KERNEL}"),
        ),
        ("MAKE='makeshift || make one'", "make one".to_owned()),
    ] {
        let sandbox = machine(&[]);
        sandbox.source("foo", "1", line);
        sandbox.ok(&format!("build foo/1 -k {KERNEL} -j 3"));
        assert_eq!(told(&sandbox), [expected], "{line}");
    }
}

#[test]
fn makes_that_run_side_by_side_share_one_pool_of_inherited_pipes() {
    let sandbox = machine(&["a", "b", "c"]);
    sandbox.ok(&format!("autoinstall -k {KERNEL} -j 4"));
    let text = fs::read_to_string(sandbox.path("told")).expect("make ran");
    assert_eq!(text.lines().count(), 3, "{text}");
    for line in text.lines() {
        assert!(
            line.starts_with(&format!("make KERNELRELEASE={KERNEL} ")),
            "no -j, which would leave the pool: {line}"
        );
        let (_, pipes) = line.split_once("--jobserver-auth=").expect("a pool");
        let pipes = pipes.split(' ').next().unwrap_or_default();
        let numbers: Vec<_> = pipes.split(',').map(str::parse::<u32>).collect();
        assert!(numbers.len() == 2 && numbers.iter().all(Result::is_ok), "GNU make 4.3 knows no named pool: {line}");
    }
    let sandbox = machine(&["a", "b"]);
    sandbox.ok(&format!("autoinstall -k {KERNEL} -j 1"));
    assert_eq!(told(&sandbox), vec![format!("make -j1 KERNELRELEASE={KERNEL}"); 2], "one after the other needs none");
}

#[test]
fn the_pool_of_a_make_above_is_used() {
    let sandbox = machine(&["foo"]);
    let places = [("dkmstree", "dkms"), ("sourcetree", "src"), ("installtree", "lib/modules")];
    let options: String =
        places.iter().map(|(option, name)| format!(" --{option}={}", sandbox.path(name).display())).collect();
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", sandbox.path("bin").display());
    let command = format!("{} build foo/1 -k {KERNEL}{options}", env!("CARGO_BIN_EXE_dkms"));
    sandbox.write(
        "Makefile",
        &format!("all:\n\t+PATH={path} DKMS_ROOM=none SANDBOX={} {command}\n", sandbox.path("").display()),
    );
    let make =
        std::process::Command::new("/usr/bin/make").args(["-s", "-j", "5"]).current_dir(sandbox.path("")).output();
    let make = make.expect("make");
    assert!(make.status.success(), "{make:?}");
    assert_eq!(told(&sandbox), [format!("make KERNELRELEASE={KERNEL}")]);
    assert!(fs::read_to_string(sandbox.path("told")).expect("it").contains("--jobserver-auth="));
}

#[test]
fn the_environment_and_the_file_can_say_the_number() {
    let sandbox = machine(&["foo"]);
    let words = format!("build foo/1 -k {KERNEL}");
    let ran = sandbox.with("parallel_jobs", "6", &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(told(&sandbox), [format!("make -j6 KERNELRELEASE={KERNEL}")]);
}

#[test]
fn builds_side_by_side_tell_whole_lines_and_results_in_the_order_of_the_plan() {
    let names: Vec<String> = (0..8).map(|n| format!("m{n}")).collect();
    let modules: Vec<&str> = names.iter().map(String::as_str).collect();
    let sandbox = machine(&modules);
    // The first ones take longest, and half of them fail.
    sandbox.tool(
        "make",
        "#!/bin/sh\nn=${PWD#*/dkms/m}; n=${n%%/*}; sleep 0.$((9 - n))\necho \"said by $n\"; echo \"error: of $n\" >&2\n\
         . elf.sh; [ $((n % 2)) -eq 0 ] && elf >m$n.ko\n",
    );
    let ran = sandbox.dkms(&format!("autoinstall -k {KERNEL} -j 8 --json"));
    assert_eq!(ran.code, 11, "{ran:?}");
    let found: serde_json::Value = serde_json::from_str(&ran.out).expect("a document");
    let steps = found["steps"].as_array().expect("steps");
    let builds: Vec<(String, String)> = steps
        .iter()
        .filter(|step| step["operation"] == "build")
        .map(|step| (step["module"].to_string(), step["outcome"].to_string()))
        .collect();
    let expected: Vec<(String, String)> =
        (0..8).map(|n| (format!("\"m{n}\""), if n % 2 == 0 { "\"done\"" } else { "\"failed\"" }.to_owned())).collect();
    assert_eq!(builds, expected);
    assert!(!ran.err.contains("said by"), "what makes say goes into their logs: {}", ran.err);
    let told: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("dkms: error: building")).collect();
    let order: Vec<String> = (0..8).filter(|n| n % 2 == 1).map(|n| format!("dkms: error: building m{n}/1 ")).collect();
    assert!(told.len() == 4 && told.iter().zip(&order).all(|(line, start)| line.starts_with(start)), "{told:#?}");
    for n in [1, 3, 5, 7] {
        let log = fs::read_to_string(sandbox.path(&format!("dkms/m{n}/1/build/make.log"))).expect("a log");
        assert!(log.contains(&format!("said by {n}\nerror: of {n}\n")), "{log}");
    }
}

#[test]
fn a_removal_cancels_itself_below_a_package_manager_and_wrappers() {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.source("foo", "1", "");
    let places = [("dkmstree", "dkms"), ("sourcetree", "src"), ("installtree", "lib/modules")];
    let options: String =
        places.iter().map(|(option, name)| format!(" --{option}={}", sandbox.path(name).display())).collect();
    let dkms = env!("CARGO_BIN_EXE_dkms");
    // Scriptlets run below wrappers of different depth, and there is no ps.
    sandbox.write("wrapper", "#!/bin/sh\n\"$@\"\nexit $?\n");
    fs::set_permissions(sandbox.path("wrapper"), fs::Permissions::from_mode(0o755)).expect("its mode");
    let script = format!(
        "#!/bin/sh\nexport PATH=/nowhere\n./wrapper {dkms} add foo/1 --rpm_safe_upgrade{options}\n\
         ./wrapper ./wrapper {dkms} remove foo/1 --all --rpm_safe_upgrade{options}\n"
    );
    sandbox.tool("rpm", &script);
    for round in 0..2 {
        let status = std::process::Command::new(sandbox.path("bin/rpm")).current_dir(sandbox.path("")).status();
        assert!(status.expect("it runs").success());
        assert_eq!(sandbox.status(), ["foo/1: added"], "{round}: the next transaction is another process");
    }
    sandbox.ok("remove foo/1 --all --rpm_safe_upgrade");
    assert!(sandbox.status().is_empty(), "no note outlives its transaction");
}
