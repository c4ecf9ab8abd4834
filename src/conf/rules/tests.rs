//! The rules, over tables of directives.

use super::*;
use crate::ids::{Arch, KernelRelease, Target};
use crate::kernel::KernelConfig;

/// Directives from `NAME=value` and `NAME[index]=value` lines, on top of a minimal package.
fn directives(lines: &str) -> Directives {
    let minimal = "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=mod\nDEST_MODULE_LOCATION=/extra\n";
    let mut all = Directives::new();
    for (name, value) in minimal.lines().chain(lines.lines()).filter_map(|line| line.split_once('=')) {
        let (name, index) = name.split_once('[').unwrap_or((name, "0]"));
        all.entry(name.to_owned()).or_default().insert(index.trim_end_matches(']').parse().unwrap(), value.to_owned());
    }
    all
}

fn checked(lines: &str) -> Checked {
    let target = Target::new(KernelRelease::new("6.1.0-56-amd64").unwrap(), Arch::new("x86_64").unwrap());
    let config = Some(KernelConfig::parse("CONFIG_PCI=y\n")).into();
    check(&directives(lines), Some(Asked { target: &target, config: &config }))
}

fn conf(lines: &str) -> ModuleConf {
    let checked = checked(lines);
    checked.conf.unwrap_or_else(|| panic!("{lines}: {:?}", checked.problems))
}

#[test]
fn the_last_make_that_matches_is_taken() {
    let cases = [
        ("", None),
        ("MAKE=a", Some("a")),
        ("MAKE=", None),
        ("MAKE=a\nMAKE_MATCH=^5", Some("a")),
        ("MAKE=a\nMAKE[1]=b\nMAKE_MATCH[1]=^6", Some("b")),
        ("MAKE=a\nMAKE[1]=b\nMAKE_MATCH[1]=^5", Some("a")),
        ("MAKE=a\nMAKE[1]=b", Some("a")),
        ("MAKE[1]=b", None),
        ("MAKE[1]=b\nMAKE_MATCH[1]=amd64", Some("b")),
        ("MAKE=a\nMAKE[1]=b\nMAKE_MATCH[1]=.\nMAKE[7]=c\nMAKE_MATCH[7]=^6\nMAKE[9]=d\nMAKE_MATCH[9]=(", Some("c")),
    ];
    for (lines, expected) in cases {
        let expected = expected.map_or(MakeCommand::Default, |command| MakeCommand::Given(command.to_owned()));
        assert_eq!(conf(lines).make, expected, "{lines}");
    }
}

#[test]
fn patches_come_in_index_order_when_they_match() {
    let lines = "PATCH[2]=c\nPATCH[0]=a\nPATCH[1]=b\nPATCH_MATCH[1]=^5\nPATCH[3]=d\nPATCH_MATCH[3]=^6\nPATCH[4]=";
    assert_eq!(conf(lines).patches, ["a", "c", "d"]);
}

#[test]
fn defaults_of_a_module_follow_from_its_neighbours() {
    let mut all = directives("");
    all.remove("BUILT_MODULE_NAME");
    assert_eq!(check(&all, None).conf.unwrap().modules[0].built_name, "m", "one module is named after the package");
    let several = conf(
        "BUILT_MODULE_NAME[2]=c\nDEST_MODULE_LOCATION[2]=/kernel/../updates/\nBUILT_MODULE_NAME[1]=b\n\
         DEST_MODULE_LOCATION[1]=/updates-x\nDEST_MODULE_NAME[1]=bb\nBUILT_MODULE_LOCATION[1]=/src/b/\nSTRIP=no\nSTRIP[2]=y",
    );
    let modules: Vec<_> = several.modules.iter().map(|m| (m.dest_name.as_str(), m.strip)).collect();
    assert_eq!(modules, [("mod", false), ("bb", false), ("c", true)]);
    assert_eq!(several.modules[1].built_location, PathBuf::from("src/b"));
}

#[test]
fn the_highest_index_of_any_array_counts_the_modules() {
    for name in ["BUILT_MODULE_NAME", "BUILT_MODULE_LOCATION", "DEST_MODULE_NAME", "DEST_MODULE_LOCATION"] {
        let problems = checked(&format!("{name}[2]=/extra")).problems.join("\n");
        assert!(problems.contains("BUILT_MODULE_NAME[1] is missing"), "{name}: {problems}");
    }
}

#[test]
fn every_problem_is_found_at_once() {
    let checked = checked(
        "PACKAGE_NAME=a/b\nPACKAGE_VERSION=\nAUTOINSTALL=maybe\nNO_WEAK_MODULES=1\nSTRIP=x\nBUILT_MODULE_NAME=mod.ko\n\
         DEST_MODULE_NAME=x.o\nDEST_MODULE_LOCATION=/lib\nBUILT_MODULE_LOCATION=../x\nBUILD_DEPENDS=a,b",
    );
    let expected = [
        "PACKAGE_NAME cannot be used",
        "PACKAGE_VERSION is missing",
        "AUTOINSTALL is `maybe`",
        "NO_WEAK_MODULES is `1`",
        "STRIP[0] is `x`",
        "BUILT_MODULE_NAME[0] is `mod.ko`",
        "DEST_MODULE_NAME[0] is `x.o`",
        "DEST_MODULE_LOCATION[0] is `/lib`",
        "BUILT_MODULE_LOCATION[0] is `../x`",
        "BUILD_DEPENDS names no module",
    ];
    assert!(checked.conf.is_none());
    for start in expected {
        assert!(checked.problems.iter().any(|problem| problem.starts_with(start)), "{start}: {:?}", checked.problems);
    }
    assert_eq!(checked.problems.len(), expected.len(), "{:?}", checked.problems);
}

#[test]
fn one_value_at_a_time_is_accepted_or_refused() {
    let cases = [
        ("AUTOINSTALL=YES", true),
        ("AUTOINSTALL=", true),
        ("AUTOINSTALL=y", true),
        ("AUTOINSTALL=true", false),
        ("STRIP=never", true),
        ("STRIP=", true),
        ("DEST_MODULE_LOCATION=", false),
        ("DEST_MODULE_LOCATION=/kernel/../../etc", false),
        ("DEST_MODULE_LOCATION=kernel", false),
        ("BUILT_MODULE_NAME=src/mod", false),
        ("DEST_MODULE_NAME='a b'", false),
        ("DEST_MODULE_NAME='a;b'", false),
        ("DEST_MODULE_NAME='a$(b)'", false),
        ("BUILT_MODULE_NAME='a*'", false),
        ("DEST_MODULE_NAME=a-b_c+d.e,f@g", true),
        ("BUILT_MODULE_LOCATION=a/../b", true),
        ("PACKAGE_VERSION=0~20220111+git1b52c8d", true),
        ("BUILT_MODULE_NAME[5000]=x", false),
        ("BUILD_EXCLUSIVE_KERNEL=(", true),
    ];
    for (line, accepted) in cases {
        let checked = checked(line);
        assert_eq!(checked.conf.is_some(), accepted, "{line}: {:?}", checked.problems);
    }
}

#[test]
fn exclusion_is_of_the_package_at_index_0_and_of_a_module_above() {
    assert!(conf("BUILD_EXCLUSIVE_KERNEL=^5").excluded.is_some());
    assert!(conf("BUILD_EXCLUSIVE_CONFIG=CONFIG_PCI").excluded.is_none());
    assert!(conf("build_exclude=yes").excluded.is_some());
    assert!(conf("OBSOLETE_BY=5.0").excluded.is_some());
    assert!(conf("OBSOLETE_BY=5.0\nBUILD_EXCLUSIVE_KERNEL_MAX=7").excluded.is_none());
    let one = conf("BUILT_MODULE_NAME[1]=b\nDEST_MODULE_LOCATION[1]=/extra\nBUILD_EXCLUSIVE_CONFIG[1]=CONFIG_USB");
    assert!(one.excluded.is_none() && one.modules[0].excluded.is_none() && one.modules[1].excluded.is_some());
    assert!(check(&directives("BUILD_EXCLUSIVE_KERNEL=^5"), None).conf.unwrap().excluded.is_none());
}

#[test]
fn history_is_noted_and_does_no_harm() {
    let cases = [
        ("REMAKE_INITRD=yes", "REMAKE_INITRD is obsolete"),
        ("MODULES_CONF[0]=alias", "MODULES_CONF is obsolete"),
        ("BUILD_MODULE_NAME=x", "BUILT_MODULE_NAME may be meant"),
        ("OBSOLETE_BY=7", "OBSOLETE_BY is deprecated"),
        ("MAKE[1]=x", "MAKE[1] has no MAKE_MATCH"),
        (r"BUILD_EXCLUSIVE_KERNEL=(a)\1", "back-reference"),
    ];
    for (line, expected) in cases {
        let checked = checked(line);
        assert!(checked.notices.iter().any(|notice| notice.contains(expected)), "{line}: {:?}", checked.notices);
        assert!(checked.conf.is_some(), "{line}");
    }
}

#[test]
fn what_stands_in_nearly_every_file_is_no_news() {
    assert_eq!(checked("CLEAN=make clean\nAUTOINSTALL=no").notices, Vec::<String>::new());
}

#[test]
fn no_module_at_all_is_only_odd() {
    let mut all = directives("");
    all.remove("BUILT_MODULE_NAME");
    all.remove("DEST_MODULE_LOCATION");
    let checked = check(&all, None);
    assert!(checked.conf.unwrap().modules.is_empty());
    assert!(checked.notices[0].contains("names no module"));
}

#[test]
fn dependencies_are_names_each_once() {
    let names = conf("BUILD_DEPENDS[0]=a b\nBUILD_DEPENDS[3]=a\nBUILD_DEPENDS[1]=").build_depends;
    assert_eq!(names.iter().map(ModuleName::as_str).collect::<Vec<_>>(), ["a", "b"]);
}

/// A line for each name of dkms.conf, and what of the outcome it changes.
const EFFECTS: [(&str, &str); 35] = [
    ("CLEAN=make clean", ""),
    ("PACKAGE_NAME=other", "name: ModuleName(\"other\")"),
    ("PACKAGE_VERSION=2", "version: ModuleVersion(\"2\")"),
    ("POST_ADD=a b", "post_add: Some(\"a b\")"),
    ("POST_BUILD=a", "post_build: Some(\"a\")"),
    ("POST_INSTALL=a", "post_install: Some(\"a\")"),
    ("POST_REMOVE=a", "post_remove: Some(\"a\")"),
    ("PRE_BUILD=a", "pre_build: Some(\"a\")"),
    ("PRE_INSTALL=a", "pre_install: Some(\"a\")"),
    ("BUILD_DEPENDS[3]=a", "build_depends: [ModuleName(\"a\")]"),
    ("BUILD_DEPENDS_REBUILD=yes", "build_depends_rebuild: true"),
    ("BUILD_EXCLUSIVE_KERNEL=^5", "excluded: Some(\"BUILD_EXCLUSIVE_KERNEL "),
    ("BUILD_EXCLUSIVE_KERNEL_MIN=7", "excluded: Some(\"BUILD_EXCLUSIVE_KERNEL_MIN "),
    ("BUILD_EXCLUSIVE_KERNEL_MAX=5", "excluded: Some(\"BUILD_EXCLUSIVE_KERNEL_MAX "),
    ("BUILD_EXCLUSIVE_ARCH=arm", "excluded: Some(\"BUILD_EXCLUSIVE_ARCH "),
    ("BUILD_EXCLUSIVE_CONFIG=CONFIG_USB", "excluded: Some(\"BUILD_EXCLUSIVE_CONFIG "),
    ("build_exclude=yes", "excluded: Some("),
    ("OBSOLETE_BY=7", "obsolete_by: Some(\"7\")"),
    ("MAKE=all", "make: Given(\"all\")"),
    ("MAKE[1]=b\nMAKE_MATCH[1]=^6", "make: Given(\"b\")"),
    ("PATCH[2]=p", "patches: [\"p\"]"),
    ("PATCH=p\nPATCH[1]=q\nPATCH_MATCH[1]=^5", "patches: [\"p\"]"),
    ("BUILT_MODULE_NAME=n", "built_name: \"n\""),
    ("BUILT_MODULE_LOCATION=sub", "built_location: \"sub\""),
    ("DEST_MODULE_NAME=n", "dest_name: \"n\""),
    ("DEST_MODULE_LOCATION=/updates", "dest_location: \"/updates\""),
    ("STRIP=no", "strip: false"),
    ("AUTOINSTALL=yes", "autoinstall: true"),
    ("NO_WEAK_MODULES=yes", "no_weak_modules: true"),
    ("REMAKE_INITRD=yes", ""),
    ("MODULES_CONF=a", ""),
    ("MODULES_CONF_OBSOLETES=a", ""),
    ("MODULES_CONF_ALIAS_TYPE=a", ""),
    ("MODULES_CONF_OBSOLETE_ONLY=a", ""),
    ("BUILD_MODULE_NAME=a", ""),
];

#[test]
fn every_name_has_its_effect_and_those_of_old_times_have_none() {
    let plain = format!("{:?}", conf(""));
    for (lines, effect) in EFFECTS {
        let changed = format!("{:?}", conf(lines));
        match effect {
            "" => assert_eq!(changed, plain, "{lines}"),
            effect => assert!(changed.contains(effect) && !plain.contains(effect), "{lines}: {changed}"),
        }
    }
    let names =
        |line: &&str| line.rsplit('\n').next().and_then(|line| line.split(['=', '[']).next()).map(str::to_owned);
    let told: BTreeSet<String> = EFFECTS.iter().filter_map(|(line, _)| names(line)).collect();
    let missing: Vec<&&str> = directive::NAMES.iter().filter(|name| !told.contains(**name)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
