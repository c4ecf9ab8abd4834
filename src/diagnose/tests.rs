use super::*;

/// The cause found for a log of this one line among harmless ones.
fn cause(line: &str) -> String {
    let log = format!(
        "# command: make\nmake[1]: Entering directory '/usr/src/x'\n{line}\nmake: *** [Makefile:5: all] Error 2\n"
    );
    let finding = explain(&log).unwrap_or_else(|| panic!("nothing found in: {line}"));
    assert_eq!((finding.number, finding.line.as_str()), (3, line.trim()), "{line}");
    finding.cause.unwrap_or_default()
}

#[test]
fn errors_of_real_logs_get_their_cause() {
    let cases = [
        (
            "/b/x.c:12:9: error: implicit declaration of function ‘del_timer’; did you mean ‘add_timer’? [-Werror=implicit-function-declaration]",
            "no function del_timer",
        ),
        ("/b/x.c:7:3: error: call to undeclared function 'del_timer'; ISO C99 and later", "no function del_timer"),
        ("/b/x.c:12:9: error: ‘struct net_device’ has no member named ‘dev_addr_len’", "no member dev_addr_len"),
        ("/b/x.c:12:9: error: too few arguments to function ‘class_create’", "other arguments"),
        (
            "/b/x.c:1:10: fatal error: linux/genhd.h: No such file or directory",
            "header linux/genhd.h does not exist in this kernel",
        ),
        ("/b/x.c:1:10: fatal error: stdarg.h: No such file or directory", "since 5.16"),
        ("/b/x.c:1:10: fatal error: config.h: No such file or directory", "config.h was not found"),
        ("ERROR: modpost: \"foo_register\" [/b/x.ko] undefined!", "exports the symbol foo_register"),
        (
            "ERROR: modpost: GPL-incompatible module x.ko uses GPL-only symbol 'bar_do'",
            "bar_do to modules under the GPL only",
        ),
        ("/b/x.c:3:1: error: conflicting types for ‘vm_flags_set’", "internal interface"),
        (
            "/b/x.c:3:1: error: initialization of ‘int (*)(void)’ from incompatible pointer type ‘x’ [-Werror=incompatible-pointer-types]",
            "internal interface",
        ),
        ("/bin/sh: 1: gcc-12: not found", "compiler or linker `gcc-12` is not installed"),
        (
            "make[2]: x86_64-linux-gnu-gcc-12: No such file or directory",
            "compiler `x86_64-linux-gnu-gcc-12` is not installed",
        ),
        ("bash: line 3: clang: command not found", "`clang` is not installed"),
        ("/bin/sh: 1: bison: not found", "`bison` is not installed"),
        ("/bin/sh: 1: frobnicate: not found", "`frobnicate` is not installed"),
        ("/usr/src/h/scripts/check-local-export: llvm-nm failed", "`llvm-nm` failed or is not installed"),
        ("/bin/sh: 1: pahole: not found", "`pahole` is not installed"),
        (
            "error: Cannot generate ORC metadata for CONFIG_UNWINDER_ORC=y, please install libelf-dev, libelf-devel",
            "libelf",
        ),
        ("scripts/sign-file.c:25:10: fatal error: openssl/opensslv.h: No such file or directory", "OpenSSL"),
        ("/b/x.c: fatal error: error writing to /tmp/cc.s: No space left on device", "disk is full"),
        ("gcc: fatal error: Killed signal terminated program cc1", "memory"),
        ("gcc-11: error: unrecognized command-line option ‘-mharden-sls=all’", "option `-mharden-sls=all`"),
        ("cc1: error: incompatible gcc/plugin versions", "plugins"),
        ("  ERROR: Kernel configuration is invalid.", "incomplete"),
        ("make[2]: *** No rule to make target '/b/x.o', needed by '/b/x.mod'.  Stop.", "/b/x.o"),
        ("make: *** No targets specified and no makefile found.  Stop.", "no Makefile"),
        ("/usr/src/h/scripts/Makefile.build:44: /b/Makefile: No such file or directory", "no Makefile"),
        ("Makefile:3: *** missing separator.  Stop.", "not a valid makefile"),
        ("configure: error: no kernel source found", "gave up: no kernel source found"),
        ("/b/x.c:3:1: internal compiler error: Segmentation fault", "compiler itself"),
        ("/b/x.c:3:1: error: expected ‘;’ before ‘}’ token", ""),
    ];
    for (line, expected) in cases {
        let found = cause(line);
        assert!(found.contains(expected) && (expected.is_empty() == found.is_empty()), "{line}\n→ {found}");
    }
}

#[test]
fn the_first_error_wins_over_later_ones_and_over_what_make_says() {
    let log = "warning: error handling is odd\nmake: *** [x] Error 1\na.c:1: error: one\nb.c:1: error: two\n";
    let finding = explain(log).unwrap();
    assert_eq!((finding.number, finding.line.as_str()), (3, "a.c:1: error: one"));
    assert_eq!(finding.to_string(), "line 3 of the log: a.c:1: error: one");
}

#[test]
fn a_fault_of_the_machine_explains_earlier_errors() {
    let log = "a.c:1: error: unknown type name ‘x’\ncc1: fatal error: /tmp/x.s: No space left on device\n";
    assert_eq!(explain(log).unwrap().cause.as_deref(), Some("the disk is full"));
}

#[test]
fn without_an_error_make_s_own_line_is_the_last_resort() {
    assert_eq!(explain("gcc -Werror=foo x.c\n# exit code: 1\nall done, 0 errors\n"), None);
    let finding = explain("quiet\nmake: *** [Makefile:2: all] Error 1\n").unwrap();
    assert_eq!((finding.number, finding.cause), (2, None));
}

#[test]
fn logs_of_any_bytes_and_lengths_are_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut log = b"\xff\xfe\n".to_vec();
    log.extend(b"x.c:1: error: ".iter().chain(&vec![b'y'; 5000]));
    fs_err::write(file.path(), log).unwrap();
    let finding = read(file.path()).unwrap().unwrap();
    assert_eq!((finding.number, finding.line.chars().count()), (2, LONGEST_LINE + 1));
}

#[test]
fn every_rule_speaks_in_plain_sentences() {
    for rule in MACHINE.iter().chain(FIRST_ERROR) {
        assert!(!rule.cause.ends_with('.') && !rule.advice.ends_with('.'), "{}", rule.pattern);
        let groups = compiled(rule.pattern).captures_len() > 1;
        assert!(groups || !(rule.cause.contains("{}") || rule.advice.contains("{}")), "{}", rule.pattern);
    }
}
