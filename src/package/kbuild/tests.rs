//! Makefiles as people write them, and what the kernel builds of them.

use super::*;

fn files(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// Modules as `folder/name`, needs in brackets, `?` when it depends on more; then builds that are not the plain one.
fn shown(reading: &Reading) -> String {
    let module = |module: &Module| {
        let needs: Vec<String> = module.needs.iter().map(Need::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("[{}]", needs.join(" ")) };
        let more = if module.depends.is_empty() { "" } else { "?" };
        format!("{}{needs}{more}", folder::joined(&module.folder, &module.name))
    };
    let build = |build: &Build| format!("M={}{}", build.folder, set(&build.variables));
    let builds = reading.builds.iter().filter(|build| **build != Build::default()).map(build);
    reading.modules.iter().map(module).chain(builds).collect::<Vec<_>>().join(" ")
}

/// ` NAME=VALUE` of each, with names for the marks.
fn set(variables: &[(String, String)]) -> String {
    let plain = |value: &str| value.replace(ROOT, "<here>").replace(RELEASE, "<release>").replace(KERNEL, "<kernel>");
    variables.iter().map(|(name, value)| format!(" {name}={}", plain(value))).collect()
}

/// A single Makefile beside sources a.c, b.c, c.c.
fn of(makefile: &str) -> Reading {
    read(&files(&[("Makefile", makefile), ("a.c", ""), ("b.c", ""), ("c.c", "")]))
}

#[test]
fn the_lists_of_a_makefile_become_modules() {
    let cases = [
        ("obj-m := a.o", "a"),
        ("obj-m=a.o b.o", "a b"),
        ("obj-m += a.o\nobj-m += b.o # c.o", "a b"),
        ("obj-m := a.o\nobj-m := b.o", "b"),
        ("obj-m ?= a.o\nobj-m ?= b.o", "a"),
        ("obj-m := a.o \\\n  b.o \\\n\n", "a b"),
        ("obj-m := x.o\nx-objs := a.o \\\n\tb.o\nx-y += c.o", "x"),
        ("obj-m := $(basename a.c).o $(notdir x/b).o", "a b"),
        ("MOD = a\nobj-m := $(MOD).o", "a"),
        ("MOD = $(OTHER)\nOTHER = b\nobj-m := ${MOD}.o", "b"),
        ("MOD := $(OTHER)\nOTHER = b\nobj-m := $(MOD)a.o", "a"),
        ("A = a\nobj-m := $A.o $$.o", "a"),
        ("export obj-m := a.o", "a"),
        ("override obj-m += a.o", "a"),
        ("obj-m:=./a.o $(src)/b.o", "a b"),
        ("all:\n\tobj-m := a.o\nobj-m := b.o", "b"),
        ("\tobj-m := a.o", "a"),
        ("define x\nobj-m := a.o\nendef\nobj-m := b.o", "b"),
        ("obj-m := a.o\nundefine obj-m\nobj-m += b.o", "b"),
        ("x: obj-m := a.o\nobj-m += b.o", "b"),
        ("", ""),
    ];
    for (makefile, expected) in cases {
        assert_eq!(shown(&of(makefile)), expected, "{makefile}");
    }
    let parts = &of("obj-m := x.o\nx-objs := a.o \\\n\tb.o\nx-$(CONFIG_X) += c.o").modules[0].parts;
    assert_eq!(parts.join(" "), "a.o b.o c.o");
}

#[test]
fn functions_work_as_in_make() {
    let cases = [
        ("obj-m := $(patsubst %.c,%.o,a.c b.c x.h)", "a b"),
        ("S := a.c b.c\nobj-m := $(S:.c=.o)", "a b"),
        ("S := a.c b.c\nobj-m := $(S:%.c=%.o)", "a b"),
        ("obj-m := $(addsuffix .o,a b)", "a b"),
        ("obj-m := $(addsuffix .o,$(addprefix x,a b))", "xa xb"),
        ("obj-m := $(subst .c,.o,a.c b.c)", "a b"),
        ("obj-m := $(addsuffix .o, $(basename $(notdir /x/a.c y/b.c)))", "a b"),
        ("obj-m := $(foreach m,a b,$(m).o)", "a b"),
        ("obj-m := $(filter %.o,a.o b.c) $(filter-out a.o b.o,a.o c.o)", "a c"),
        ("obj-m := $(patsubst $(src)/%.c,%.o,$(wildcard $(src)/[ab].c))", "a b"),
        ("obj-m := $(notdir $(patsubst %.c,%.o,$(wildcard $(src)/*.c)))", "a b c"),
        ("obj-m := $(patsubst %.c,%.o,$(wildcard *.c))", "a b c"),
        ("obj-m := $(if $(X),a,b).o", "b"),
        ("X = 1\nobj-m := $(if $(X),a,b).o $(or ,c).o $(and 1,b).o", "a c b"),
        ("f = $(1).o $(2).o\nobj-m := $(call f,a,b)", "a b"),
        ("obj-m := $(word 2,a.o b.o) $(firstword c.o a.o) $(lastword c.o a.o)", "b c a"),
        ("obj-m := $(join a b,.o .o)", "a b"),
        ("obj-m := $(strip  a.o   b.o )", "a b"),
        ("obj-m := $(wordlist 2,3,a.o b.o c.o)", "b c"),
        ("obj-m := $(sort a.o)", "a"),
        ("obj-m := a.o\n$(eval obj-m += b.o)", "a b"),
        ("define t\nobj-m += $(1).o\n$(1)-y := x.o\nendef\n$(foreach m,a b,$(eval $(call t,$(m))))", "a b"),
        ("obj-m := a.o\nifneq ($(findstring b,abc),)\nobj-m += b.o\nendif", "a b"),
    ];
    for (makefile, expected) in cases {
        assert_eq!(shown(&of(makefile)), expected, "{makefile}");
    }
}

#[test]
fn conditions_of_the_configuration_stay_with_their_modules() {
    let cases = [
        ("obj-$(CONFIG_A) += a.o", "a[CONFIG_A]"),
        ("obj-m := a.o\nobj-$(CONFIG_B) += b.o", "a b[CONFIG_B]"),
        ("CONFIG_A := m\nobj-$(CONFIG_A) += a.o", "a"),
        ("CONFIG_A ?= m\nobj-$(CONFIG_A) += a.o", "a"),
        ("CONFIG_A := n\nobj-$(CONFIG_A) += a.o\nobj-m += b.o", "b"),
        ("ifdef CONFIG_A\nobj-m := a.o\nendif", "a[CONFIG_A]"),
        ("ifndef CONFIG_A\nobj-m := a.o\nendif", "a[!CONFIG_A]"),
        ("ifeq ($(CONFIG_A),y)\nobj-m := a.o\nelse\nobj-m := b.o\nendif", "a[CONFIG_A] b?"),
        ("ifneq ($(CONFIG_A),)\nobj-m := a.o\nelse\nobj-m := b.o\nendif", "a[CONFIG_A] b[!CONFIG_A]"),
        ("ifeq ($(CONFIG_A),y)\nobj-m := a.o\nelse\nobj-m := a.o b.o\nendif", "a b?"),
        ("ifdef CONFIG_A\nX := a\nelse\nX := b\nendif\nobj-m := $(X).o", "a[CONFIG_A] b[!CONFIG_A]"),
        ("ifdef CONFIG_A\nifdef CONFIG_B\nobj-m := a.o\nendif\nendif", "a[CONFIG_A CONFIG_B]"),
        ("ifneq ($(filter y m,$(CONFIG_A)),)\nobj-m := a.o\nendif", "a[CONFIG_A]"),
        ("ifeq ($(CONFIG_A)$(CONFIG_B),)\nobj-m := a.o\nendif", "a[!CONFIG_A !CONFIG_B]"),
        (
            "ifeq \"$(CONFIG_A)\" \"m\"\nobj-m := a.o\nelse ifeq ($(CONFIG_A),y)\nobj-m := b.o\nelse\nobj-m := c.o\nendif",
            "a[CONFIG_A] b[CONFIG_A] c[!CONFIG_A]",
        ),
        ("obj-m := a.o\na-$(CONFIG_X) := b.o", "a"),
    ];
    for (makefile, expected) in cases {
        assert_eq!(shown(&of(makefile)), expected, "{makefile}");
    }
}

#[test]
fn the_kernel_and_a_person_read_one_makefile_differently() {
    let cases = [
        ("ifneq ($(KERNELRELEASE),)\nobj-m := a.o\nelse\nall:\n\tmake -C $(K) M=$(PWD)\nendif", "a"),
        (
            "ifeq ($(KERNELRELEASE),)\nall:\n\t$(MAKE) -C /lib/modules/`uname -r`/build M=`pwd` modules\nelse\nobj-m := a.o\nendif",
            "a",
        ),
        ("ifdef KERNELRELEASE\nobj-m := a.o\nelse\nobj-m := b.o\nendif", "a"),
        (
            "KERNELRELEASE ?= $(shell uname -r)\nobj-m := a.o\nall:\n\t$(MAKE) -C /lib/modules/$(KERNELRELEASE)/build M=$(CURDIR)",
            "a",
        ),
        ("obj-$(CONFIG_A) := a.o\nall:\n\t$(MAKE) -C $(K) M=$(PWD) CONFIG_A=m modules", "a M= CONFIG_A=m"),
        (
            "ifneq ($(KERNELRELEASE),)\nobj-$(CONFIG_A) := a.o\nelse\nexport CONFIG_A = m\nall:\n\t$(MAKE) -C $(K) M=$(PWD)\nendif",
            "a M= CONFIG_A=m",
        ),
        ("obj-m := a.o\nall:\n\t$(MAKE) -C $(K) M=$(PWD) EXTRA_CFLAGS=-DX V=1", "a M= EXTRA_CFLAGS=-DX"),
        (
            "obj-m := $(NAME).o\nall:\n\t@$(MAKE) -C $(K) SUBDIRS=$$PWD NAME=b modules\nclean:\n\t$(MAKE) -C $(K) M=$(PWD) NAME=c clean",
            "b M= NAME=b",
        ),
    ];
    for (makefile, expected) in cases {
        assert_eq!(shown(&of(makefile)), expected, "{makefile}");
    }
}

#[test]
fn folders_are_followed_as_the_kernel_follows_them() {
    let cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![("Makefile", "obj-m += sub/"), ("sub/Makefile", "obj-m := a.o"), ("sub/a.c", "")], "sub/a"),
        (vec![("Kbuild", "obj-m := a.o"), ("Makefile", "obj-m := b.o"), ("a.c", "")], "a"),
        (
            vec![
                ("Makefile", "obj-y := x/ y/\nsubdir-m := z"),
                ("x/Kbuild", "obj-m := a.o"),
                ("y/Makefile", "obj-m := b.o"),
                ("z/Makefile", "obj-m := c.o"),
            ],
            "x/a y/b z/c",
        ),
        (vec![("Makefile", "obj-$(CONFIG_X) += x/"), ("x/Makefile", "obj-m := a.o")], "x/a[CONFIG_X]"),
        (vec![("Makefile", "export V := v\nobj-m := x/"), ("x/Makefile", "obj-m := $(V).o")], "x/v"),
        (vec![("Makefile", "V := v\nobj-m := x/"), ("x/Makefile", "obj-m := a.o $(V)b.o")], "x/a x/b"),
        (vec![("Makefile", "obj-m := x/y/a.o"), ("x/y/a.c", "")], "x/y/a"),
        (
            vec![
                ("Makefile", "include $(src)/more.mk\ninclude x/Kbuild.inc"),
                ("more.mk", "obj-m := a.o"),
                ("x/Kbuild.inc", "obj-m += b.o"),
            ],
            "a b",
        ),
        (vec![("Makefile", "obj-m := x/"), ("x/Makefile", "obj-m := ../\nobj-m += a.o")], "x/a"),
        (
            vec![
                ("Makefile", "all:\n\t$(MAKE) -C src"),
                ("src/Makefile", "obj-m := a.o\nall:\n\tmake -C $(K) M=$(PWD)"),
                ("src/a.c", ""),
            ],
            "src/a M=src",
        ),
        (
            vec![("Makefile", "all:\n\t$(MAKE) -C $(K) M=$(CURDIR)/driver modules"), ("driver/Kbuild", "obj-m := a.o")],
            "driver/a M=driver",
        ),
        (vec![("README", ""), ("linux/driver/Makefile", "obj-m := a.o")], "linux/driver/a M=linux/driver"),
        (vec![("Makefile", "all:\n\techo"), ("Makefile.inc", "obj-m := x.o")], ""),
        (
            vec![
                ("Kconfig", "config A\n\ttristate \"a\"\n"),
                ("Makefile", "obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_PCI) += b.o"),
            ],
            "a b[CONFIG_PCI] M= CONFIG_A=m",
        ),
    ];
    for (list, expected) in cases {
        assert_eq!(shown(&read(&files(&list))), expected, "{list:?}");
    }
}

#[test]
fn what_cannot_be_known_is_reported_with_its_place() {
    let cases = [
        (
            "ifeq ($(shell test -e /x && echo y),y)\nobj-m := a.o\nelse\nobj-m := b.o\nendif",
            "a? b?",
            "Makefile:4: whether b.o is built depends on: ifeq ($(shell test",
        ),
        (
            "ifeq ($(PATCHLEVEL),6)\nobj-m := a.o\nelse\nobj-m := a.o b.o\nendif",
            "a b?",
            "Makefile:4: whether b.o is built depends on: ifeq ($(PATCHLEVEL),6)",
        ),
        ("obj-m := nowhere.o", "nowhere", "Makefile:1: nowhere.o has neither nowhere.c nor"),
        ("obj-m := a.o what", "a", "Makefile:1: obj-m holds `what`"),
        ("obj-m := a.o\nobj-y := b.o", "a", "Makefile:2: b.o in obj-y becomes no module"),
        ("obj-m := a.o\ninclude $(KERNEL)/.config", "a", "Makefile:2: includes"),
        (
            "ifeq ($(PATCHLEVEL),6)\n$(error not for six)\nendif\nobj-m := a.o",
            "a",
            "Makefile:2: ends the build with an error in some cases: not for six",
        ),
    ];
    for (makefile, expected, note) in cases {
        let reading = of(makefile);
        assert_eq!(shown(&reading), expected, "{makefile}");
        let notes: Vec<String> = reading.notes.iter().map(Note::to_string).collect();
        assert!(notes.iter().any(|told| told.starts_with(note)), "{note} in {notes:?}");
    }
}

/// A makefile in a folder of its own that builds one module of the folder's name.
const SUB: &str = "obj-m += $(notdir $(CURDIR)).o\nall:\n\t$(MAKE) -C $(K) M=$(CURDIR) modules";

#[test]
fn makefiles_that_call_makefiles_are_followed_in_every_form() {
    let cases = [
        "D = a b c\nall: $(D)\n$(D):\n\t$(MAKE) -C $@\n.PHONY: all $(D)",
        "D = a b c\nall: $(D)\n$(D): ; $(MAKE) -C $@",
        "all: $(addsuffix -build,a b c)\n%-build:\n\t$(MAKE) -C $*",
        "T = a-x b-x c-x\nall: $(T)\n$(T): %-x: %\n\t+@$(MAKE) -C $*/ all",
        "T = x/a x/b x/c\nall: $(T)\n$(T):\n\t$(MAKE) -C $(@F)",
        "all:\n\t@for d in a b c; do \\\n\t\t$(MAKE) -C $$d || exit 1; \\\n\tdone",
        "D := a b c\nall:\n\tfor d in $(D) ; do ( cd $${d} && $(MAKE) ) ; done",
        "all:\n\tcd a && $(MAKE)\n\t(cd b; make all)\n\tmake --directory=c",
        "all:\n\t$(foreach d,a b c,$(MAKE) -C $(d) &&) true",
        "all: modules\nmodules:\n\t$(MAKE) -f rules.mk parts\n",
        "all:\n\t$(MAKE) D='a b c' parts\nparts:\n\tfor d in $(D); do make -C $$d; done",
        "define t\n$(1):\n\t$$(MAKE) -C $(1)\nall: $(1)\nendef\n$(foreach d,a b c,$(eval $(call t,$(d))))",
    ];
    for makefile in cases {
        let sub = |name: &str| SUB.replace("$(notdir $(CURDIR))", name);
        let (a, b, c) = (sub("a"), sub("b"), sub("c"));
        let list = [
            ("Makefile", makefile),
            ("rules.mk", "parts:\n\tfor d in a b c; do $(MAKE) -C $$d; done"),
            ("a/Makefile", &a),
            ("a/a.c", ""),
            ("b/Makefile", &b),
            ("b/b.c", ""),
            ("c/Makefile", &c),
            ("c/c.c", ""),
        ];
        let reading = read(&files(&list));
        assert_eq!(shown(&reading), "a/a b/b c/c M=a M=b M=c", "{makefile}");
        assert_eq!((&reading.notes, &reading.lost), (&Vec::new(), &Vec::new()), "{makefile}");
    }
    let given = [
        ("Makefile", "all:\n\t$(MAKE) -C src WITH=b"),
        (
            "src/Makefile",
            "obj-m := a.o\nifdef WITH\nobj-m += $(WITH).o\nendif\nall:\n\tmake -C $(K) M=$(PWD) WITH=$(WITH)",
        ),
        ("src/a.c", ""),
        ("src/b.c", ""),
    ];
    assert_eq!(shown(&read(&files(&given))), "src/a src/b M=src WITH=b");
}

#[test]
fn a_source_of_several_makefiles_without_one_above_is_taken_as_a_whole() {
    let list = [
        ("one/Makefile", "obj-m := a.o"),
        ("one/a.c", ""),
        ("two/src/Kbuild", "obj-m := b.o"),
        ("two/src/b.c", ""),
        ("two/src/more/Makefile", "obj-m := c.o"),
        ("tests/Makefile", "obj-m := t.o"),
        ("build/conftest/Makefile", "obj-m := conf.o"),
    ];
    assert_eq!(shown(&read(&files(&list))), "one/a two/src/b M=one M=two/src");
    let aside = read(&files(&[
        ("Makefile", "obj-m := a.o"),
        ("a.c", ""),
        ("usb/Makefile", "\nobj-m += u.o"),
        ("tests/Makefile", "obj-m := t.o"),
    ]));
    assert_eq!(
        aside.notes.iter().map(Note::to_string).collect::<Vec<_>>(),
        ["usb/Makefile:2: names modules as well, but no makefile above leads there"]
    );
    let tried = [
        ("Makefile", "all:\n\tmake -C $(K) M=$(CURDIR)/conftest\n\tmake -C $(K) M=$(CURDIR)/src"),
        ("conftest/Makefile", "obj-m := t.o"),
        ("src/Makefile", "obj-m := a.o"),
    ];
    assert_eq!(shown(&read(&files(&tried))), "src/a M=src");
}

#[test]
fn what_cannot_be_followed_is_never_silent() {
    let cases = [
        ("X := $(shell date)\nobj-m := $(X).o", "Makefile:2: obj-m holds <$(shell date)>.o"),
        ("obj-m := a.o\n$(eval $(shell date))", "Makefile:2: makes text into rules"),
        (
            "-include mconfig\nobj-m := a.o\nobj-${build_B} += b.o",
            "Makefile:3: b.o is built only where build_B says so",
        ),
        (
            "obj-m := a.o\nall:\n\tfor d in $(shell ls); do $(MAKE) -C $$d; done",
            "Makefile:4: calls make in <$(shell ls)>",
        ),
        ("obj-m := a.o\nall:\n\t$(MAKE) -C libs/x", "Makefile:4: calls make in libs/x, which the source does not hold"),
        (
            "obj-m := a.o\nall:\n\t$(MAKE) -C $(K) M=$(shell find x)",
            "Makefile:4: has the kernel build <$(shell find x)>",
        ),
    ];
    for (makefile, expected) in cases {
        let reading = of(makefile);
        let lost: Vec<String> = reading.lost.iter().map(Note::to_string).collect();
        // A line of its own ahead of the recipe makes the number a different one where there is one.
        let expected = expected.replace(":4:", if makefile.contains("obj-m := a.o\nall") { ":3:" } else { ":4:" });
        assert!(lost.iter().any(|told| told.starts_with(&expected)), "{expected} in {lost:?}");
    }
    let cases = [
        "obj-m := a.o\nall:\n\t$(MAKE) -C $(K) modules\nclean:\n\tfor d in $(shell ls); do $(MAKE) -C $$d; done",
        "obj-m := a.o\nall:\n\t$(MAKE) -C /lib/modules/$(shell uname -r)/build M=$(PWD)\nx:\n\t$(MAKE) -C $(shell date)",
        "KVER ?= $(shell uname -r)\nobj-m := a.o\nall:\n\t$(MAKE) -C /usr/src/linux-$(KVER) prepare\n\tmake -C $(KDIR) M=`pwd`",
    ];
    for makefile in cases {
        assert_eq!(of(makefile).lost, [], "{makefile}");
    }
}

/// The author's own make as `goal NAME=VALUE… (places of the reasons)`.
fn own(makefile: &str, more: &[(&str, &str)]) -> String {
    let list = [&[("Makefile", makefile), ("a.c", "")], more].concat();
    let reading = read(&files(&list));
    let places = |notes: &[Note]| notes.iter().map(|note| note.place.to_string()).collect::<Vec<_>>().join(" ");
    match &reading.author {
        Some(author) => {
            format!("{}{} ({})", author.goal.as_deref().unwrap_or(""), set(&author.variables), places(&author.why))
        }
        None if reading.lost.is_empty() => shown(&reading),
        None => format!("lost ({})", places(&reading.lost)),
    }
}

#[test]
fn what_only_the_authors_make_does_keeps_it() {
    let call = "obj-m := a.o\nKDIR ?= /lib/modules/$(shell uname -r)/build\n";
    let cases = [
        (
            "all: v.h\n\tmake -C $(KDIR) M=$(CURDIR)\nv.h: Makefile\n\techo '#define V 1' > v.h",
            " KDIR=<kernel> (Makefile:6)",
        ),
        (
            "all: v.h modules\nmodules:\n\tmake -C $(KDIR) M=$(CURDIR)\nv.h:\n\t./gen.sh $@",
            " KDIR=<kernel> (Makefile:7)",
        ),
        (
            "modules: gen\n\tmake -C $(KDIR) M=$(CURDIR)\ngen: x.h\n%.h: %.in\n\tsed s/a/b/ $< > $@",
            " KDIR=<kernel> (Makefile:7)",
        ),
        ("all:\n\tln -sf b.c a.c\n\tmake -C $(KDIR) M=$(CURDIR)", " KDIR=<kernel> (Makefile:4)"),
        (
            "tools:\n\tgcc x.c\nmodules: v.h\n\tmake -C $(KDIR) M=$(CURDIR)\nv.h:\n\tgen >v.h",
            "modules KDIR=<kernel> (Makefile:8)",
        ),
        (
            "V := $(shell git describe)\nccflags-y += -DV=$(GIT)\nall:\n\tmake -C $(KDIR) M=$(CURDIR) GIT=$(V)",
            " KDIR=<kernel> (Makefile:6)",
        ),
        // Not needed: what is said only, what is there, what comes after, what is no module's.
        ("all:\n\t@echo building\n\tmake -C $(KDIR) M=$(CURDIR)\n\tcp a.ko /x", "a"),
        ("all: there.h\n\tmake -C $(KDIR) M=$(CURDIR)\nthere.h:\n\tgen >there.h", "a"),
        ("all: tools modules\ntools:\n\tgcc x.c\nmodules:\n\tmake -C $(KDIR) M=$(CURDIR)", "a"),
        ("all:\n\tmake -C $(KDIR) M=$(CURDIR) GIT=$(shell git describe)", "a"),
        (
            "all:\n\tmake -C $(KDIR) M=$(CURDIR) KDIR=$(KDIR) X=`uname -r`\nccflags-y := -I$(KDIR) $(X)",
            "a M= KDIR=<kernel> X=<release>",
        ),
        (
            "ccflags-y := $(N)\nall:\n\tmake -C $(KDIR) M=$(PWD) N='-DV=\\\"1 2\\\" -I$(PWD)/x'",
            "a M= N=-DV=\\\"1 2\\\" -I<here>/x",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(own(&format!("{call}{rest}"), &[("there.h", "")]), expected, "{rest}");
    }
    let fixed = "obj-m := a.o\nall: v.h\n\tmake -C /lib/modules/$(shell uname -r)/build M=$(CURDIR)\nv.h:\n\tgen >v.h";
    assert_eq!(own(fixed, &[]), "lost (Makefile:5)");
    let release = format!("V = $(shell uname -r)\n{}", fixed.replace("$(shell uname -r)", "$(V)"));
    assert_eq!(own(&release, &[]), " V=<release> (Makefile:6)");
}

#[test]
fn the_folder_in_which_make_runs_is_told_where_the_kernels_reading_asks_for_it() {
    let cases = [
        ("PWD := $(shell pwd)\ninclude $(PWD)/list.mk", "a M= PWD=<here>"),
        ("HERE := $(dir $(lastword $(MAKEFILE_LIST)))\ninclude $(HERE)list.mk", "a"),
        ("HERE = $(shell pwd)\nobj-m := a.o\nccflags-y += -I$(HERE)/include", "a M= HERE=<here>"),
        ("PWD := $(shell pwd)\nobj-m := a.o\nall:\n\tmake -C $(K) M=$(PWD)", "a"),
        (
            "PWD:=$(shell pwd)\nccflags-y += -include $(PWD)/compat.h\nobj-m := a.o\nall:\n\t$(MAKE) -C $(K) M=$(PWD) PWD=$(PWD) modules",
            "a M= PWD=<here>",
        ),
    ];
    for (makefile, expected) in cases {
        let list = [("Makefile", makefile), ("list.mk", "obj-m := a.o"), ("a.c", "")];
        let reading = read(&files(&list));
        assert_eq!((shown(&reading).as_str(), reading.notes.len()), (expected, 0), "{makefile}");
    }
}

#[test]
fn tests_are_no_drivers() {
    let list = [
        ("Makefile", "obj-m += a.o\nobj-$(CONFIG_A_KUNIT_TEST) += tests/\na-$(CONFIG_A_DEBUG) += d.o"),
        ("a.c", ""),
        ("tests/Makefile", "obj-$(CONFIG_A_KUNIT_TEST) += t.o"),
        ("tests/t.c", ""),
        ("Kconfig", "config A_KUNIT_TEST\n\ttristate \"t\"\n\tdepends on KUNIT && A\nconfig A_DEBUG\n\tbool \"d\"\n"),
    ];
    assert_eq!(shown(&read(&files(&list))), "a");
}

#[test]
fn options_of_a_source_are_left_alone_where_its_makefile_has_another_way() {
    let list = [
        ("Makefile", "obj-m += x/\nall:\n\tmake -C $(K) M=$(CURDIR) ALL=m"),
        ("x/Kbuild", "obj-$(ALL)$(CONFIG_A) += a.o\nobj-$(ALL)$(CONFIG_B) += b.o"),
        ("x/a.c", ""),
        ("x/b.c", ""),
        ("x/Kconfig", "config A\n\ttristate \"a\"\nconfig B\n\ttristate \"b\"\n"),
    ];
    assert_eq!(shown(&read(&files(&list))), "x/a x/b M= ALL=m");
}

#[test]
fn errors_of_a_makefile_say_what_the_kernel_must_have() {
    let reading = of("ifndef CONFIG_NF_CONNTRACK\n$(error enable it)\nendif\nobj-m := a.o");
    assert_eq!(
        reading.needs.iter().map(|(need, place)| format!("{need} {place}")).collect::<Vec<_>>(),
        ["CONFIG_NF_CONNTRACK Makefile:2"]
    );
    assert_eq!(shown(&reading), "a");
    assert_eq!(of("obj-$(CONFIG_A) := a.o").notes, [], "that a kernel may have it built in is nothing to look at");
    let reading = of("obj-m := a.o\nx:\nifeq ($(shell which x),)\n\t$(error no x)\nendif");
    assert_eq!(reading.notes, [], "recipes are none of the kernel's");
}

#[test]
fn the_folder_of_installed_modules_is_taken_from_the_makefile() {
    let reading =
        of("obj-m := a.o\nD := /kernel/x\ninstall:\n\t$(MAKE) -C $(K) M=$$PWD INSTALL_MOD_DIR=$(D) modules_install");
    assert_eq!(reading.install, Some(("/kernel/x".to_owned(), Place { file: "Makefile".to_owned(), line: 4 })));
}

#[test]
fn hostile_makefiles_end_soon() {
    let doubling: String = (0..60).map(|n| format!("a{} = $(a{n})$(a{n})\n", n + 1)).collect();
    let many: String = (0..2000).map(|n| format!("ifdef CONFIG_{n}\nobj-m += m{n}.o\n")).collect();
    let cases = [
        "a = $(a)\nobj-m = $(a)".to_owned(),
        format!("a0 = x.o x.o\n{doubling}obj-m := $(a60)"),
        format!("obj-m := {}a{}", "$(".repeat(5000), ")".repeat(5000)),
        "obj-m = $(foreach a,$(L),$(foreach b,$(L),$(foreach c,$(L),$(a)$(b)$(c).o)))\nL = 1 2 3 4 5 6 7 8 9 0"
            .replace("L = 1", "L = 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9"),
        many,
        "include Makefile".to_owned(),
        "\\\n".repeat(100_000),
        "+".repeat(200_000),
        "define x\n".to_owned(),
        "endif\nelse\nelse\nendif\nobj-m := a.o".to_owned(),
        "ifeq (\nobj-m := a.o".to_owned(),
        "\u{F0000}\u{E000}/\u{100000} := x\nobj-m := \u{E000}/../../x.o \u{F0001}.o".to_owned(),
    ];
    for makefile in cases {
        let start: String = makefile.chars().take(40).collect();
        assert!(of(&makefile).modules.len() <= 300, "{start}");
    }
}
