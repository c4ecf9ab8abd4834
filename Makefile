# dkms-rs. `make demo` shows it at work, `make test` checks all of it; both set up what they need on Debian 12 as root.

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
SYSCONFDIR ?= /etc
STATEDIR ?= /var/lib/dkms
LIBDIR = $(PREFIX)/lib/dkms
# Debian 13 and later also look into /usr/share/kernel.
KERNELHOOKDIR ?= $(SYSCONFDIR)/kernel
ALPMDIR ?= $(PREFIX)/share/libalpm/hooks
APTDIR ?= $(SYSCONFDIR)/apt/apt.conf.d
# Where the Python of this machine looks for what packages bring.
DNFDIR ?= $(if $(wildcard /etc/debian_version),/usr/lib/python3/dist-packages,$(shell python3 -Ic 'import sysconfig; print(sysconfig.get_path("purelib", "rpm_prefix" if "rpm_prefix" in sysconfig.get_scheme_names() else sysconfig.get_default_scheme()))'))/dnf-plugins
DNF5DIR ?= $(SYSCONFDIR)/dnf/libdnf5-plugins/actions.d
ZYPPDIR ?= $(PREFIX)/lib/zypp/plugins/commit
OPENRCDIR ?= $(SYSCONFDIR)/init.d
KERNELINSTALLDIR ?= $(PREFIX)/lib/kernel/install.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
PRESETDIR ?= $(PREFIX)/lib/systemd/system-preset
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
# Debian's zsh does not look into /usr/share/zsh/site-functions.
ZSHDIR ?= $(PREFIX)/share/zsh/$(if $(and $(filter /usr,$(PREFIX)),$(wildcard /etc/debian_version)),vendor-completions,site-functions)
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

CARGO ?= cargo
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
OBJCOPY ?= objcopy
# What is installed is stripped; what a debugger needs of it stays beside the build, as dkms.debug. Empty for packaging tools
# that do this themselves.
STRIP ?= yes
# A profile of Cargo.toml: release, or dev for quick builds.
PROFILE ?= release
CARGO_TARGET_DIR ?= target
BUILT = $(CARGO_TARGET_DIR)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
GENERATED = $(BUILT)/generated

INSTALL_PROGRAM = install -D -m 755
INSTALL_DATA = install -D -m 644
# The shims name the place where Debian and Fedora have it; another PREFIX changes that.
INSTALL_SHIM = install_shim() { install -d "$$(dirname "$$2")" && sed 's,/usr/lib/dkms,$(LIBDIR),g' "$$1" >"$$2" && chmod "$${3-755}" "$$2"; }; install_shim

.PHONY: help build install install-openrc install-alpine install-void deb rpm pkgbuild vendor demo test units roots events scenarios boot compliance corpus packages fleet bench clean prerequisites
help:
	@echo 'make build     compile (PROFILE=$(PROFILE))'
	@echo 'make install   install below DESTDIR, with PREFIX=$(PREFIX) and SBINDIR=$(SBINDIR)'
	@echo 'make install-openrc, install-alpine, install-void: besides, what these systems call'
	@echo 'make deb, rpm  packages of dkms-rs, in $(CARGO_TARGET_DIR)/packages; make pkgbuild: what makepkg takes'
	@echo 'make vendor    source and crates as tarballs, to build without a network; in $(CARGO_TARGET_DIR)/packages'
	@echo 'make demo      from a tarball to installed modules, in a throw-away root'
	@echo 'make test      format, lints, unit and integration tests, end-to-end scenarios'
	@echo 'make events    every scenario of package events, those too that take long, and 2,000 stories at random'
	@echo 'make scenarios every end-to-end scenario, on every suite; make test runs those of them that are quick'
	@echo 'make boot      a booted kernel loads what we signed and compressed, and refuses the rest'
	@echo 'make compliance  the same commands under ours and the shell DKMS, compared; make corpus: the same Debian packages'
	@echo 'make packages  fifteen real modules: packages of them checked, installed, changed and removed; mkconf beside their packagers'
	@echo "make fleet     ten modules for six kernels of Debian's archive by one command, installed where there is no compiler"
	@echo 'make bench     times and memory beside those of the shell DKMS, plain make, rpmbuild and dpkg-deb'

# PREBUILT: deb and rpm pack what was built before, since their tools' compiler flags would have cargo compile all anew.
build:
	$(if $(PREBUILT),test -x $(BUILT)/dkms,$(CARGO) build --locked --profile $(PROFILE))

install: build
	rm -rf $(GENERATED)
	mkdir -p $(GENERATED)/man $(GENERATED)/completions
	$(BUILT)/dkms generate man $(GENERATED)/man
	$(BUILT)/dkms generate completions $(GENERATED)/completions
	$(if $(STRIP),$(OBJCOPY) --only-keep-debug $(BUILT)/dkms $(BUILT)/dkms.debug)
	$(if $(STRIP),$(OBJCOPY) --strip-all --add-gnu-debuglink=$(BUILT)/dkms.debug $(BUILT)/dkms $(GENERATED)/dkms)
	$(INSTALL_PROGRAM) $(if $(STRIP),$(GENERATED),$(BUILT))/dkms $(DESTDIR)$(SBINDIR)/dkms
	install -d $(DESTDIR)$(LIBDIR)
	ln -sfrT $(DESTDIR)$(SBINDIR)/dkms $(DESTDIR)$(LIBDIR)/event
	$(INSTALL_SHIM) hooks/dpkg/common.postinst $(DESTDIR)$(LIBDIR)/common.postinst
	$(INSTALL_SHIM) hooks/dpkg/dkms-autopkgtest $(DESTDIR)$(LIBDIR)/dkms-autopkgtest
	$(INSTALL_SHIM) hooks/dkms_autoinstaller $(DESTDIR)$(LIBDIR)/dkms_autoinstaller
	for hook in preinst postinst header_postinst prerm postrm; do \
	    $(INSTALL_SHIM) hooks/kernel.d/$$hook $(DESTDIR)$(KERNELHOOKDIR)/$$hook.d/dkms || exit; \
	done
	for hook in hooks/alpm/*.hook; do $(INSTALL_SHIM) $$hook $(DESTDIR)$(ALPMDIR)/$${hook##*/} 644 || exit; done
	$(INSTALL_SHIM) hooks/apt/60dkms $(DESTDIR)$(APTDIR)/60dkms 644
	$(INSTALL_SHIM) hooks/dnf/dkms.py $(DESTDIR)$(DNFDIR)/dkms.py 644
	$(INSTALL_SHIM) hooks/dnf5/dkms.actions $(DESTDIR)$(DNF5DIR)/dkms.actions 644
	$(INSTALL_SHIM) hooks/dnf5/dnf5-preflight $(DESTDIR)$(LIBDIR)/dnf5-preflight
	$(INSTALL_SHIM) hooks/zypp/dkms $(DESTDIR)$(ZYPPDIR)/dkms
	$(INSTALL_SHIM) hooks/kernel-install.d/40-dkms.install $(DESTDIR)$(KERNELINSTALLDIR)/40-dkms.install
	$(INSTALL_SHIM) hooks/systemd/dkms.service $(DESTDIR)$(UNITDIR)/dkms.service 644
	$(INSTALL_SHIM) hooks/systemd/dkms-offline-update.service $(DESTDIR)$(UNITDIR)/dkms-offline-update.service 644
	install -d $(DESTDIR)$(UNITDIR)/system-update.target.wants
	ln -sfT ../dkms-offline-update.service $(DESTDIR)$(UNITDIR)/system-update.target.wants/dkms-offline-update.service
	$(INSTALL_SHIM) hooks/systemd/dkms-preflight.service $(DESTDIR)$(UNITDIR)/dkms-preflight.service 644
	$(INSTALL_SHIM) hooks/systemd/dkms-preflight.timer $(DESTDIR)$(UNITDIR)/dkms-preflight.timer 644
	$(INSTALL_DATA) hooks/systemd/90-dkms-rs.preset $(DESTDIR)$(PRESETDIR)/90-dkms-rs.preset
	$(INSTALL_DATA) hooks/tmpfiles.d/dkms-rs.conf $(DESTDIR)$(TMPFILESDIR)/dkms-rs.conf
	$(INSTALL_DATA) hooks/framework.conf $(DESTDIR)$(SYSCONFDIR)/dkms/framework.conf
	install -d $(DESTDIR)$(SYSCONFDIR)/dkms/framework.conf.d $(DESTDIR)$(STATEDIR)
	for page in $(GENERATED)/man/*.8; do $(INSTALL_DATA) -t $(DESTDIR)$(MANDIR)/man8 "$$page" || exit; done
	for page in hooks/man/*.5; do $(INSTALL_DATA) -t $(DESTDIR)$(MANDIR)/man5 "$$page" || exit; done
	$(INSTALL_DATA) $(GENERATED)/completions/dkms.bash $(DESTDIR)$(BASHDIR)/dkms
	$(INSTALL_DATA) $(GENERATED)/completions/_dkms $(DESTDIR)$(ZSHDIR)/_dkms
	$(INSTALL_DATA) $(GENERATED)/completions/dkms.fish $(DESTDIR)$(FISHDIR)/dkms.fish

# Beside `make install`, where other programs than those of systemd and Debian say that something happened.
install-openrc:
	$(INSTALL_SHIM) hooks/openrc/dkms $(DESTDIR)$(OPENRCDIR)/dkms

install-alpine: install-openrc
	$(INSTALL_SHIM) hooks/kernel-hooks.d/dkms.hook $(DESTDIR)$(SYSCONFDIR)/kernel-hooks.d/dkms.hook

install-void:
	for hook in post-install pre-remove post-remove; do \
	    $(INSTALL_SHIM) hooks/void/$$hook $(DESTDIR)$(KERNELHOOKDIR).d/$$hook/10-dkms || exit; \
	done

deb: build
	mkdir -p $(CARGO_TARGET_DIR)/packages
	PREBUILT=yes DEB_DESTDIR=$(CARGO_TARGET_DIR)/packages DEB_BUILD_OPTIONS='$(if $(filter dev,$(PROFILE)),noopt) noautodbgsym nocheck' \
	    debian/rules clean binary

rpm: build
	mkdir -p $(CARGO_TARGET_DIR)/packages
	sed 's/@VERSION@/$(VERSION)/' spec-templates/dkms.spec.in \
	    >$(CARGO_TARGET_DIR)/packages/dkms-rs.spec
	PREBUILT=yes rpmbuild -bb --build-in-place --define '_topdir $(abspath $(CARGO_TARGET_DIR))/rpmbuild' \
	    --define '_rpmdir $(abspath $(CARGO_TARGET_DIR))/packages' --define '_rpmfilename %%{NAME}.%%{ARCH}.rpm' \
	    --define 'profile $(PROFILE)' $(CARGO_TARGET_DIR)/packages/dkms-rs.spec

# What makepkg takes: PKGBUILD and the source. Licences are those of the RPM, each an entry of its own.
pkgbuild:
	mkdir -p $(CARGO_TARGET_DIR)/packages
	sed -e 's/@VERSION@/$(VERSION)/' \
	    -e "s/@LICENSES@/$$(sed -n 's/^License: //p' spec-templates/dkms.spec.in | sed "s/ AND /\n/g" | sed "s/^(\(.*\))$$/\1/; s/.*/'&'/" | paste -sd ' ')/" \
	    spec-templates/PKGBUILD.in >$(CARGO_TARGET_DIR)/packages/PKGBUILD
	git ls-files -z | tar cz --null -T - --owner=0 --group=0 --transform 's,^,dkms-rs-$(VERSION)/,S' \
	    -f $(CARGO_TARGET_DIR)/packages/dkms-rs-$(VERSION).tar.gz

vendor:
	CARGO="$(CARGO)" debian/vendored

prerequisites:
	@sh tests/e2e/prerequisites

demo: prerequisites
	@tests/e2e/demo.sh

# The roots of the scenarios are laid while a compiler is busy with one crate.
test: prerequisites
	tests/took 'roots and units' $(MAKE) -j 2 roots units
	tests/took scenarios tests/e2e/run
	tests/took 'the quick corpus' tests/compliance/corpus --quick

# Without the jobs of the make above: cargo counts its own, and tests look for those of a make.
units:
	$(CARGO) fmt --check
	env -u MAKEFLAGS $(CARGO) clippy --locked --all-targets -- -D warnings
	env -u MAKEFLAGS CARGO="$(CARGO)" tests/timed
	env -u MAKEFLAGS tests/oldest
	env -u MAKEFLAGS CARGO="$(CARGO)" tests/engine-alone

roots:
	@tests/e2e/run --roots

# What make test leaves out of them takes long: more of the stories of tests/events, scenarios on every suite.
events: prerequisites
	EVENT_STORIES=2000 tests/took stories $(CARGO) test --locked --test main events::whatever
	tests/took 'scenarios of events' tests/e2e/run --all events/

scenarios: prerequisites
	tests/took 'all scenarios' tests/e2e/run --all

# A kernel under qemu.
boot: prerequisites
	tests/e2e/run --all boot/

# Ours beside the shell original: the same commands, the same packages.
compliance: prerequisites
	tests/took compliance tests/compliance/run compare

corpus: prerequisites
	tests/took corpus tests/compliance/corpus

# Sources of Debian's module packages, packaged here and led through their life.
packages: prerequisites
	tests/took 'lives of packages' tests/e2e/run --all beside_the_shell
	tests/took 'real modules as packages' tests/package-corpus/run
	tests/package-corpus/mkconf

# Ten modules for six kernels of Debian's archive, and a host that installs them; needs the network.
fleet: prerequisites
	tests/took 'ten modules for six kernels' tests/fleet/run

bench: prerequisites
	@tests/bench/run

clean:
	$(CARGO) clean
