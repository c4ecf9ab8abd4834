//! Small models of the shapes that well-known drivers have: how they name their modules, and how they call the kernel's make.

use super::*;

/// Modules, then builds, then what was lost, each in a word.
fn read_as(list: &[(&str, &str)]) -> String {
    let files = list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let reading = read(&files);
    let modules = reading.modules.iter().map(|module| match module.folder.as_str() {
        "" => module.name.clone(),
        folder => format!("{folder}/{}", module.name),
    });
    let plain = |value: &str| value.replace(ROOT, "<here>").replace(RELEASE, "<release>").replace(KERNEL, "<kernel>");
    let set = |list: &[(String, String)]| {
        list.iter().map(|(name, value)| format!(" {name}={}", plain(value))).collect::<String>()
    };
    let builds = reading.builds.iter().filter(|build| **build != Build::default());
    let builds = builds.map(|build| format!("M={}{}", build.folder, set(&build.variables)));
    let mut words: Vec<String> = modules.collect();
    match &reading.author {
        Some(author) => words.push(format!(
            "make{}{}",
            author.goal.iter().map(|goal| format!(" {goal}")).collect::<String>(),
            set(&author.variables)
        )),
        None => words.extend(builds),
    }
    words.extend(reading.lost.iter().map(|note| format!("lost {}", note.place)));
    words.join(" ")
}

#[test]
fn a_wireless_driver_with_a_switch_of_its_own() {
    // rtl88xx: the switch is exported by the half that a person's make reads, and set where the kernel reads.
    let makefile = "EXTRA_CFLAGS += -Wno-unused -I$(src)/include\nCONFIG_8812A = y\nMODULE_NAME := 88XXau\n\
        KVER := $(shell uname -r)\nKSRC := /lib/modules/$(KVER)/build\n\
        ifneq ($(KERNELRELEASE),)\nrtk_core := core/cmd.o\n$(MODULE_NAME)-y += $(rtk_core)\n\
        obj-$(CONFIG_88XXAU) := $(MODULE_NAME).o\nelse\nexport CONFIG_88XXAU = m\nall: modules\nmodules:\n\
        \t$(MAKE) ARCH=$(ARCH) CROSS_COMPILE=$(CROSS_COMPILE) -C $(KSRC) M=$(shell pwd)  modules\nstrip:\n\
        \t$(CROSS_COMPILE)strip $(MODULE_NAME).ko --strip-unneeded\nendif\n";
    let kconfig = "config 88XXAU\n\ttristate \"x\"\n\tdepends on USB\n";
    assert_eq!(
        read_as(&[("Makefile", makefile), ("Kconfig", kconfig), ("core/cmd.c", "")]),
        "88XXau M= CONFIG_88XXAU=m"
    );
}

#[test]
fn a_loopback_device_with_programs_beside_it() {
    let makefile = "KERNELRELEASE ?= `uname -r`\nKERNEL_DIR ?= /lib/modules/$(KERNELRELEASE)/build\nPWD := $(shell pwd)\n\
        obj-m := v4l2loopback.o\nifeq ($(KBUILD_MODULES),)\nMODULE_OPTIONS = devices=2\n.PHONY: all install clean\n\
        all: v4l2loopback.ko utils\nv4l2loopback: v4l2loopback.ko\nv4l2loopback.ko:\n\t@echo \"Building driver...\"\n\
        \t$(MAKE) -C $(KERNEL_DIR) M=$(PWD) KCPPFLAGS=\"$(CPPFLAGS)\" modules\nutils: utils/ctl\nutils/ctl: utils/ctl.c\n\
        \t$(CC) -o $@ $<\nendif\n";
    assert_eq!(read_as(&[("Makefile", makefile), ("v4l2loopback.c", ""), ("utils/ctl.c", "")]), "v4l2loopback");
}

#[test]
fn a_translator_of_three_folders() {
    let top = "all: mod usr\nmod:\n\t$(MAKE) -C src/mod\nusr:\n\t$(MAKE) -C src/usr\n";
    let middle = "MAKE_TARGETS = common nat64 siit\nall: $(MAKE_TARGETS)\n$(MAKE_TARGETS):\n\t$(MAKE) -C $@\n.PHONY: $(MAKE_TARGETS)\n";
    let leaf = |name: &str| {
        format!(
            "KERNEL_DIR ?= /lib/modules/$(shell uname -r)/build\nall:\n\tmake -C ${{KERNEL_DIR}} M=$$PWD;\nobj-m += {name}.o\n{name}-objs += x.o\n"
        )
    };
    let (common, nat64, siit) = (leaf("jool_common"), leaf("jool"), leaf("jool_siit"));
    let list = [
        ("Makefile", top),
        ("src/mod/Makefile", middle),
        ("src/mod/common/Makefile", common.as_str()),
        ("src/mod/nat64/Makefile", nat64.as_str()),
        ("src/mod/siit/Makefile", siit.as_str()),
        ("src/usr/Makefile", "all:\n\tgcc x.c\n"),
    ];
    let modules = "src/mod/common/jool_common src/mod/nat64/jool src/mod/siit/jool_siit";
    assert_eq!(read_as(&list), format!("{modules} M=src/mod/common M=src/mod/nat64 M=src/mod/siit"));
}

#[test]
fn a_driver_around_an_object_that_is_delivered() {
    let makefile = "ifneq ($(KERNELRELEASE),)\n  APICHOICE := $(shell [ $(VERSION) -ge 3 ] && echo CFG80211)\n\
        ifeq ($(APICHOICE),CFG80211)\n  EXTRA_CFLAGS += -DUSE_CFG80211\nendif\nobj-m += wl.o\nwl-objs := src/shared/linux_osl.o\n\
        wl-objs += lib/wlc_hybrid.o_shipped\nEXTRA_CFLAGS += -I$(src)/src/include\nendif\nKBASE ?= /lib/modules/`uname -r`\n\
        KBUILD_DIR ?= $(KBASE)/build\nall:\n\tKBUILD_NOPEDANTIC=1 make -C $(KBUILD_DIR) M=`pwd`\n";
    assert_eq!(
        read_as(&[("Makefile", makefile), ("lib/wlc_hybrid.o_shipped", ""), ("src/shared/linux_osl.c", "")]),
        "wl"
    );
}

#[test]
fn a_graphics_driver_of_several_modules_with_configure_tests() {
    let makefile = "ifneq ($(KERNELRELEASE),)\n# Kbuild has the rest\nelse\nKERNEL_UNAME ?= $(shell uname -r)\n\
        KERNEL_SOURCES ?= /lib/modules/$(KERNEL_UNAME)/source\nKBUILD_PARAMS += -C $(KERNEL_SOURCES) M=$(CURDIR)\n\
        KBUILD_PARAMS += NV_KERNEL_SOURCES=$(KERNEL_SOURCES)\nKBUILD_PARAMS += NV_KERNEL_MODULES=\"$(NV_KERNEL_MODULES)\"\n\
        .PHONY: modules\nmodules:\n\t@$(MAKE) \"LD=$(LD)\" \"CC=$(CC)\" $(KBUILD_PARAMS) modules\nendif\n";
    let kbuild = "NV_KERNEL_MODULES ?= nvidia nvidia-modeset\nNV_KERNEL_MODULES := $(filter-out $(NV_EXCLUDE_KERNEL_MODULES),$(NV_KERNEL_MODULES))\n\
        $(foreach _module, $(NV_KERNEL_MODULES), $(eval include $(src)/$(_module)/$(_module).Kbuild))\n\
        ccflags-y += -I$(src)/common/inc\n";
    let own = "NVIDIA_OBJECTS = x.o\nobj-m += nvidia.o\nnvidia-y := $(NVIDIA_OBJECTS)\n";
    let modeset = "obj-m += nvidia-modeset.o\nnvidia-modeset-y := x.o\n";
    let list = [
        ("Makefile", makefile),
        ("Kbuild", kbuild),
        ("nvidia/nvidia.Kbuild", own),
        ("nvidia-modeset/nvidia-modeset.Kbuild", modeset),
        ("conftest/Makefile", "obj-m := conf.o\n"),
    ];
    assert_eq!(read_as(&list), "nvidia nvidia-modeset");
}

#[test]
fn a_file_system_whose_makefiles_are_made_by_configure() {
    let list = [
        ("Makefile.in", "all:\n"),
        ("configure", ""),
        ("module/Kbuild.in", "obj-m := zfs.o\n"),
        ("module/Makefile.in", ""),
    ];
    assert_eq!(read_as(&list), "", "nothing is made up");
}

#[test]
fn extensions_that_a_setting_switches_on() {
    let list = [
        ("extensions/Kbuild", "-include ${XA}/mconfig\nobj-m += compat.o\nobj-${build_ECHO} += xt_ECHO.o\n"),
        ("extensions/compat.c", ""),
        ("extensions/xt_ECHO.c", ""),
    ];
    assert_eq!(read_as(&list), "extensions/compat M=extensions lost extensions/Kbuild:3");
}

#[test]
fn a_bus_with_a_driver_for_each_card() {
    let top = "KV_DIRS := common pciefd usbcan\n.PHONY: all $(KV_DIRS)\nall: $(KV_DIRS)\n$(KV_DIRS):\n\t@cd $@; $(MAKE) KV_X=1 kv_module\n";
    let leaf = |name: &str| {
        format!(
            "ifneq ($(KERNELRELEASE),)\nobj-m := {name}.o\nelse\nKDIR ?= /lib/modules/$(shell uname -r)/build\nkv_module:\n\t$(MAKE) -C $(KDIR) M=$(CURDIR) modules\nendif\n"
        )
    };
    let (one, two, three) = (leaf("kvcommon"), leaf("kvpciefd"), leaf("mhydra"));
    let list = [
        ("Makefile", top),
        ("common/Makefile", one.as_str()),
        ("common/kvcommon.c", ""),
        ("pciefd/Makefile", two.as_str()),
        ("pciefd/kvpciefd.c", ""),
        ("usbcan/Makefile", three.as_str()),
        ("usbcan/mhydra.c", ""),
    ];
    assert_eq!(read_as(&list), "common/kvcommon pciefd/kvpciefd usbcan/mhydra M=common M=pciefd M=usbcan");
}

#[test]
fn a_crypto_device_that_writes_its_version_first() {
    let makefile = "obj-m += cryptodev.o\ncryptodev-objs = ioctl.o\nKERNEL_DIR ?= /lib/modules/$(shell uname -r)/build\n\
        VERSION = 1.13\nall: build\nbuild: version.h\n\t$(MAKE) -C $(KERNEL_DIR) M=$(CURDIR) modules\n\
        version.h: Makefile\n\t@echo \"#define VERSION \\\"$(VERSION)\\\"\" > version.h\n";
    assert_eq!(read_as(&[("Makefile", makefile), ("ioctl.c", "")]), "cryptodev make KERNEL_DIR=<kernel>");
}

#[test]
fn a_driver_that_configures_itself_once_for_each_kernel() {
    let makefile = "KVER ?= $(shell uname -r)\nKDIR ?= $(firstword $(wildcard /lib/modules/$(KVER)/build /run/$(KVER)/build))\n\
        STAMP := .build/for$(subst /,_,$(KDIR)).stamp\nall: modules\n$(STAMP):\n\t./configure --with-kernel='$(KDIR)'\n\
        modules: $(STAMP)\n\t$(MAKE) -C $(KDIR) M=$(CURDIR) modules\n";
    let list = [("Makefile", makefile), ("Kbuild", "obj-m := tun.o\n"), ("tun.c", ""), ("configure", "")];
    assert_eq!(read_as(&list), "tun make KVER=<release>");
}

#[test]
fn parts_of_a_release_are_not_the_release() {
    let makefile = "REL := $(subst -, ,$(shell uname -r))\nMAJOR := $(word 1,$(REL))\nKVER ?= $(shell uname -r)\nobj-m := fs.o\n\
        all: fs.h\n\t$(MAKE) -C /lib/modules/$(KVER)/build M=$$PWD modules\nfs.h:\n\t./generate $(MAJOR) >fs.h\n";
    assert_eq!(read_as(&[("Makefile", makefile), ("fs.c", "")]), "fs make KVER=<release>");
}

#[test]
fn what_the_first_goal_asks_for_is_built_before_it() {
    let top = "KDIR ?= /lib/modules/$(shell uname -r)/build\nall: core\n\t$(MAKE) -C $(KDIR) M=$(shell pwd) modules\n\
        core:\n\t$(MAKE) -C deps/core KDIR=\"$(KDIR)\"\n";
    let below = "KDIR ?= /lib/modules/$(shell uname -r)/build\nall:\n\t$(MAKE) -C $(KDIR) M=$(shell pwd) modules\n";
    let list = [
        ("Makefile", top),
        ("Kbuild", "obj-m := wheel.o\n"),
        ("wheel.c", ""),
        ("deps/core/Makefile", below),
        ("deps/core/Kbuild", "obj-m := core.o\n"),
        ("deps/core/core.c", ""),
    ];
    assert_eq!(read_as(&list), "deps/core/core wheel M=deps/core");
}
