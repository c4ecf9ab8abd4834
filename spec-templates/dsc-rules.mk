#!/usr/bin/make -f
%:
	dh $@

# Nothing is built, stripped or tested here: DKMS builds the module where the package is installed.
override_dh_auto_configure override_dh_auto_build override_dh_auto_test override_dh_auto_clean \
override_dh_strip override_dh_shlibdeps override_dh_makeshlibs:

# Only what the build made: some of the source looks like leavings of an editor.
override_dh_clean:
	dh_clean --exclude=.

override_dh_auto_install:
	mkdir -p debian/@PACKAGE@/usr/src/@FOLDER@
	tar -cf - --anchored --exclude=./debian --exclude=./.pc . | tar -xf - -C debian/@PACKAGE@/usr/src/@FOLDER@
@EXTRAS@
