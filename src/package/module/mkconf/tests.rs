//! Sources and the dkms.conf that is written for them.

use super::*;
use crate::ids::{ModuleName, ModuleVersion};
use crate::package::input::payload::{Entry, File};

fn payload(files: &[(&str, &str)]) -> Payload {
    let entry = |(path, text): &(&str, &str)| Entry {
        path: (*path).to_owned(),
        kind: EntryKind::File(File::of(text.as_bytes().to_vec())),
    };
    Payload { entries: files.iter().map(entry).collect(), ..Payload::default() }
}

fn written(files: &[(&str, &str)]) -> Written {
    let id = ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1.2").unwrap());
    write(&id, &look(&payload(files)).unwrap()).unwrap()
}

/// The lines that are no comments, without name, version and AUTOINSTALL.
fn directives(files: &[(&str, &str)]) -> String {
    let text = written(files).text;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(&lines[..2], ["PACKAGE_NAME=\"foo\"", "PACKAGE_VERSION=\"1.2\""]);
    assert!(lines.contains(&"AUTOINSTALL=\"yes\""));
    let rest = lines[2..].iter().filter(|line| **line != "AUTOINSTALL=\"yes\"");
    rest.map(|line| line.replace('"', "")).collect::<Vec<_>>().join("|")
}

const DEFAULT: &str = "make -C $kernel_source_dir M=$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build";

#[test]
fn a_source_gets_the_directives_that_it_needs_and_no_more() {
    let old = "#if LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0)\n#error too old\n#endif\n";
    let cases: Vec<(Vec<(&str, &str)>, String)> = vec![
        (vec![("Makefile", "obj-m := a.o")], "BUILT_MODULE_NAME[0]=a|DEST_MODULE_LOCATION[0]=/extra".to_owned()),
        (
            vec![("Makefile", "obj-m := a.o sub/"), ("sub/Makefile", "obj-m := b.o")],
            "BUILT_MODULE_NAME[0]=a|DEST_MODULE_LOCATION[0]=/extra|BUILT_MODULE_NAME[1]=b|BUILT_MODULE_LOCATION[1]=sub|\
             DEST_MODULE_LOCATION[1]=/extra"
                .to_owned(),
        ),
        (
            vec![("Makefile", "F = \"-DX -Wy\"\nobj-m := a.o\nall:\n\tmake -C $(K) CFLAGS_MODULE=$(F) M=$(shell pwd)")],
            format!("MAKE[0]={DEFAULT} CFLAGS_MODULE='-DX -Wy'|BUILT_MODULE_NAME[0]=a|DEST_MODULE_LOCATION[0]=/extra"),
        ),
        (
            vec![("src/Kbuild", "obj-$(CONFIG_A) := a.o"), ("src/Kconfig", "config A\n")],
            format!(
                "MAKE[0]={DEFAULT}/src CONFIG_A=m|BUILT_MODULE_NAME[0]=a|BUILT_MODULE_LOCATION[0]=src|\
                 DEST_MODULE_LOCATION[0]=/extra"
            ),
        ),
        (
            vec![("Makefile", "obj-$(CONFIG_PCI) := a.o\nobj-m += b.o")],
            "BUILT_MODULE_NAME[0]=b|DEST_MODULE_LOCATION[0]=/extra|BUILT_MODULE_NAME[1]=a|DEST_MODULE_LOCATION[1]=/extra|\
             BUILD_EXCLUSIVE_CONFIG[1]=CONFIG_PCI"
                .to_owned(),
        ),
        (
            vec![("Makefile", "obj-$(CONFIG_PCI) := a.o b.o")],
            "BUILT_MODULE_NAME[0]=a|DEST_MODULE_LOCATION[0]=/extra|BUILT_MODULE_NAME[1]=b|DEST_MODULE_LOCATION[1]=/extra|\
             BUILD_EXCLUSIVE_CONFIG=CONFIG_PCI"
                .to_owned(),
        ),
        (
            vec![
                ("Makefile", "ifndef CONFIG_NET\n$(error no)\nendif\nobj-m := a.o\ni:\n\tmake -C k INSTALL_MOD_DIR=kernel/x M=. modules_install"),
                ("a.c", old),
            ],
            "BUILT_MODULE_NAME[0]=a|DEST_MODULE_LOCATION[0]=/kernel/x|BUILD_EXCLUSIVE_CONFIG=CONFIG_NET|\
             BUILD_EXCLUSIVE_KERNEL_MIN=4.10"
                .to_owned(),
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(directives(&files), expected, "{files:?}");
    }
}

#[test]
fn only_what_modules_are_made_of_says_which_kernels_they_take() {
    let error = |major: u32| format!("#if LINUX_VERSION_CODE < KERNEL_VERSION({major},0,0)\n#error old\n#endif\n");
    let (four, five, six) = (error(4), error(5), error(6));
    let files = [
        ("Makefile", "obj-m := a.o\na-y := x.o sub/y.o"),
        ("x.c", "#include \"sub/deep.h\"\n#include <linux/module.h>\n"),
        ("sub/y.c", ""),
        ("sub/deep.h", "#include \"only.h\"\n"),
        ("include/only.h", four.as_str()),
        ("other/only.c", six.as_str()),
        ("tool.c", five.as_str()),
    ];
    assert!(directives(&files).ends_with("BUILD_EXCLUSIVE_KERNEL_MIN=4.0"), "{}", directives(&files));
    let none = [("Makefile", "obj-m := a.o"), ("a.c", ""), ("tool.c", five.as_str())];
    assert!(!directives(&none).contains("KERNEL_MIN"));
}

#[test]
fn what_is_not_known_stands_in_the_file_as_a_comment() {
    let files = [
        (
            "Makefile",
            "obj-m := a.o\nifeq ($(PATCHLEVEL),6)\nobj-m += b.o\nendif\ni:\n\tmake -C k INSTALL_MOD_DIR=misc M=. modules_install",
        ),
        ("a.c", ""),
        ("b.c", ""),
    ];
    let written = written(&files);
    assert!(written.text.contains("#BUILT_MODULE_NAME[1]=\"b\"\n"), "{}", written.text);
    assert!(written.text.contains("#  - Makefile:3: whether b.o is built depends on: ifeq ($(PATCHLEVEL),6)\n"));
    assert!(written.notes.iter().any(|note| note.contains("/misc, which DKMS does not take")), "{:?}", written.notes);
    assert_eq!(directives(&files), "BUILT_MODULE_NAME[0]=a|DEST_MODULE_LOCATION[0]=/extra");
}

#[test]
fn names_cannot_break_out_of_their_quotes() {
    let text = written(&[("Makefile", "obj-m := a`x`.o $$(y).o \"z.o b;c.o d.o")]).text;
    assert!(text.lines().filter(|line| !line.starts_with('#')).all(|line| !line.contains(['`', ';'])), "{text}");
    assert!(text.contains("BUILT_MODULE_NAME[0]=\"d\"\n"), "{text}");
}

#[test]
fn without_a_module_nothing_is_written() {
    let id = ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1.2").unwrap());
    assert_eq!(write(&id, &look(&payload(&[("Makefile", "all:\n\ttrue\n")])).unwrap()), None);
}
