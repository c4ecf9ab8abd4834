//! Settings over throw-away roots.

use super::*;
use crate::ids::ModuleName;

fn read(files: &[(&str, &str)], environment: &[(&str, &str)]) -> (Framework, Vec<String>) {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = root.path().join("etc/dkms").join(name);
        let file = name.strip_prefix('/').map_or(file, |name| root.path().join(name));
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, text).unwrap();
    }
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    Framework::read(&System::host().with_root(root.path()).with_environment(environment))
}

#[test]
fn a_machine_without_files_has_the_defaults() {
    let (framework, warnings) = read(&[], &[]);
    assert!(warnings.is_empty() && framework.origins.is_empty());
    assert_eq!(framework.dkms_tree, Path::new("/var/lib/dkms"));
    assert_eq!(framework.tmp_location, Path::new("/tmp"));
    assert!(framework.is_on("continue_on_error") && !framework.is_on("symlink_modules"));
    assert_eq!((framework.parallel_jobs, framework.try_sign), (None, TrySign::NotInChroot));
}

#[test]
fn drop_ins_win_in_name_order_and_each_setting_knows_its_file() {
    let files = [
        ("framework.conf", "# comment\nsymlink_modules=yes\ndkms_tree=/srv/dkms\nmok_certificate=/a/$kernelver.der\n"),
        ("framework.conf.d/20-b.conf", "symlink_modules=\"\"\n"),
        ("framework.conf.d/10-a.conf", "symlink_modules=1\npost_transaction='update-initramfs -u -k ${kernelver}'\n"),
        ("framework.conf.d/30.txt", "symlink_modules=yes\n"),
    ];
    let (framework, warnings) = read(&files, &[]);
    assert_eq!(warnings, Vec::<String>::new());
    assert!(!framework.is_on("symlink_modules"));
    let origin = |name| framework.origins.get(name).cloned();
    assert_eq!(origin("symlink_modules"), Some(Origin::File("/etc/dkms/framework.conf.d/20-b.conf".into(), Some(1))));
    assert_eq!(origin("dkms_tree"), Some(Origin::File("/etc/dkms/framework.conf".into(), Some(3))));
    let expanded = Framework::expand(framework.mok_certificate.as_deref().unwrap(), "6.1");
    assert_eq!(expanded, "/a/6.1.der");
    assert_eq!(Framework::expand(framework.post_transaction.as_deref().unwrap(), "6.1"), "update-initramfs -u -k 6.1");
}

#[test]
fn a_vendors_settings_come_before_the_machines_and_a_drop_in_of_the_same_name_replaces_them() {
    let files = [
        ("/usr/lib/dkms/framework.conf.d/10-vendor.conf", "parallel_jobs=3\nsymlink_modules=yes\nverbose=yes\n"),
        ("/usr/lib/dkms/framework.conf.d/20-keys.conf", "mok_signing_key=/vendor.key\n"),
        ("framework.conf", "symlink_modules=\"\"\n"),
        ("framework.conf.d/20-keys.conf", "mok_certificate=/own.der\n"),
    ];
    let (framework, warnings) = read(&files, &[]);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!((framework.parallel_jobs, framework.is_on("verbose")), (Some(3), true));
    assert!(!framework.is_on("symlink_modules"), "the machine's own word counts");
    assert_eq!(framework.mok_certificate.as_deref(), Some("/own.der"));
    assert_eq!(framework.mok_signing_key, None, "its file has been replaced");
    let vendor = Origin::File("/usr/lib/dkms/framework.conf.d/10-vendor.conf".into(), Some(1));
    assert_eq!(framework.origins.get("parallel_jobs"), Some(&vendor));
}

#[test]
fn bad_values_are_warnings_and_the_rest_counts() {
    let files = [(
        "framework.conf",
        "parallel_jobs=many\nverbose=perhaps\ntry_sign_modules=never\nsource_tree=src\nsign_file=/bin/false\n",
    )];
    let (framework, warnings) = read(&files, &[]);
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("framework.conf:2: verbose is `perhaps`")), "{warnings:?}");
    assert_eq!(framework.sign_file.as_deref(), Some("/bin/false"));
    assert_eq!(framework.source_tree, Path::new("/usr/src"));
}

#[test]
fn a_drop_in_may_add_to_a_list_of_modules() {
    let files = [
        ("framework.conf", "essential_modules=\"zfs\"\n"),
        ("framework.conf.d/net.conf", "essential_modules=\"$essential_modules r8168\"\n"),
    ];
    let (framework, warnings) = read(&files, &[]);
    assert_eq!(warnings, Vec::<String>::new());
    let names: Vec<&str> = framework.policies.essential_modules.iter().map(ModuleName::as_str).collect();
    assert_eq!(names, ["r8168", "zfs"]);
}

#[test]
fn a_malformed_file_is_a_warning() {
    let files = [("framework.conf", "if then\n"), ("framework.conf.d/a.conf", "verbose=yes\n")];
    let (framework, warnings) = read(&files, &[("PATH", "/usr/bin:/bin")]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(framework.is_on("verbose"));
}

#[test]
fn shell_code_is_evaluated_and_nothing_else_leaks() {
    let files =
        [("framework.conf", "PATH=/nowhere\nX=$(echo a | tr a b)\nmok_signing_key=/keys/$X\ntmp_location=$TMPDIR/x\n")];
    let (framework, warnings) = read(&files, &[("PATH", "/usr/bin:/bin"), ("TMPDIR", "/var/tmp")]);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(framework.mok_signing_key.as_deref(), Some("/keys/"), "tr is not found with that PATH");
    assert_eq!(framework.tmp_location, Path::new("/var/tmp/x"));
}

#[test]
fn the_environment_gives_jobs_and_files_win() {
    assert_eq!(read(&[], &[("parallel_jobs", "3")]).0.parallel_jobs, Some(3));
    let (framework, _) = read(&[("framework.conf", "parallel_jobs=5\n")], &[("parallel_jobs", "3")]);
    assert_eq!(framework.parallel_jobs, Some(5));
}

#[test]
fn compression_options_count_only_when_they_differ_from_the_default() {
    let text = "compress_xz_opts='--check=crc32 --lzma2=dict=1MiB'\ncompress_zstd_opts=-19\n";
    let (framework, _) = read(&[("framework.conf", text)], &[]);
    assert_eq!(framework.compress_options, BTreeMap::from([("compress_zstd_opts", "-19".to_owned())]));
}

/// A value for each name, and what of the settings it changes.
const EFFECTS: [(&str, &str, &str); 42] = [
    ("source_tree", "/a", "source_tree: \"/a\""),
    ("dkms_tree", "/a", "dkms_tree: \"/a\""),
    ("install_tree", "/a", "install_tree: \"/a\""),
    ("tmp_location", "/a", "tmp_location: \"/a\""),
    ("verbose", "1", "\"verbose\": true"),
    ("symlink_modules", "yes", "\"symlink_modules\": true"),
    ("autoinstall_all_kernels", "true", "\"autoinstall_all_kernels\": true"),
    ("modprobe_on_install", "on", "\"modprobe_on_install\": true"),
    ("continue_on_error", "false", "\"continue_on_error\": false"),
    ("parallel_jobs", "7", "parallel_jobs: Some(7)"),
    ("compress_gzip_opts", "-1", "{\"compress_gzip_opts\": \"-1\"}"),
    ("compress_xz_opts", "-1", "{\"compress_xz_opts\": \"-1\"}"),
    ("compress_zstd_opts", "-1", "{\"compress_zstd_opts\": \"-1\"}"),
    ("build_environment", "/a", "build_environment: Some(\"/a\")"),
    ("try_sign_modules", "no", "try_sign: No,"),
    ("post_transaction", "'a b'", "post_transaction: Some(\"a b\")"),
    ("prebuilt", "repo", "prebuilt: true"),
    ("sign_file", "'/a/$kernelver'", "sign_file: Some(\"/a/$kernelver\")"),
    ("mok_signing_key", "pkcs11:a", "mok_signing_key: Some(\"pkcs11:a\")"),
    ("mok_certificate", "/a", "mok_certificate: Some(\"/a\")"),
    ("second_signing_key", "/a", "second_signing_key: Some(\"/a\")"),
    ("second_certificate", "/a", "second_certificate: Some(\"/a\")"),
    ("hold", "yes", "\"hold\": true"),
    ("failure_policy", "strict", "failure: Strict"),
    ("strict_modules", "'a b'", "strict_modules: {ModuleName(\"a\"), ModuleName(\"b\")}"),
    ("essential_modules", "zfs", "essential_modules: {ModuleName(\"zfs\")}"),
    ("lock_timeout", "7", "lock_timeout: 7s"),
    ("conf_timeout", "7", "conf_timeout: 7s"),
    ("memory_per_job", "7", "memory_per_job: 7340032"),
    ("build_nice", "7", "build_nice: 7"),
    ("pass_environment", "'CCACHE_*, V'", "pass_environment: [\"CCACHE_*\", \"V\"]"),
    ("initramfs", "never", "initramfs: Never"),
    ("preflight", "strict", "policy: Some(Strict)"),
    ("preflight_timeout", "7", "timeout: 7s"),
    ("preflight_memory", "7", "memory: 7340032 }"),
    ("room", "user", "wish: Only(User)"),
    ("room_writable", "'/a /b'", "writable: [\"/a\", \"/b\"]"),
    ("room_network", "yes", "network: Host"),
    ("room_processes", "7", "processes: 7,"),
    ("room_file_size", "7", "file_size: 7340032,"),
    ("room_memory", "7", "memory: 7340032,"),
    ("room_disk", "7", "disk: 7340032 "),
];

#[test]
fn every_name_has_its_effect_and_others_have_none() {
    let settings = |text: &str| {
        let (mut framework, warnings) = read(&[("framework.conf", text)], &[]);
        assert_eq!(warnings, Vec::<String>::new(), "{text}");
        framework.origins.clear();
        format!("{framework:?}")
    };
    let plain = settings("");
    for (name, value, effect) in EFFECTS {
        let changed = settings(&format!("{name}={value}\n"));
        assert!(changed.contains(effect) && !plain.contains(effect), "{name}: {changed}");
    }
    for other in ["tmp", "CC=/bin/false", "force=true", "kernelver=9"] {
        assert_eq!(settings(&format!("{other}\n").replace("tmp\n", "tmp=/x\n")), plain, "{other}");
    }
    let missing: Vec<&str> = NAMES.into_iter().filter(|name| !EFFECTS.iter().any(|(told, ..)| told == name)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn a_file_that_leaves_the_callers_tmpdir_alone_does_not_make_it_its_own() {
    let caller = [("PATH", "/usr/bin:/bin"), ("TMPDIR", "/mine")];
    for (text, is_of_file) in
        [("verbose=yes\n", false), ("verbose=$(echo yes)\n", false), ("tmp_location=/mine\n", true)]
    {
        let (framework, warnings) = read(&[("framework.conf", text)], &caller);
        let origin = framework.origins.get("tmp_location");
        assert_eq!(matches!(origin, Some(Origin::File(..))), is_of_file, "{text}: {origin:?} {warnings:?}");
        assert_eq!(framework.tmp_location, Path::new("/mine"));
        assert!(!framework.origins.contains_key("dkms_tree"), "{text}");
    }
}
