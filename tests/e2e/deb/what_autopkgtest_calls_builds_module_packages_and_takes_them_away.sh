# when: nightly
. /e2e/inside.sh
install_ours
kernel=$(kernels | grep -v cloud)

step 'a module package of the archive, as autodep8 has it tested'
mkdir -p source/debian artifacts
printf 'Source: acpi-call\n\nPackage: acpi-call-dkms\nArchitecture: all\n\nPackage: acpi-call-doc\nArchitecture: all\n' >source/debian/control
(cd source && AUTOPKGTEST_ARTIFACTS=$PWD/../artifacts /usr/lib/dkms/dkms-autopkgtest) 2>&1 | tee said
grep -q "^== acpi-call-dkms: acpi-call/[0-9.]* for $kernel$" said || fail 'not built for each kernel'
tar -t -f artifacts/acpi-call-dkms-make-logs.tar | grep make.log || fail 'no log is kept'
gone acpi-call

step 'one that does not compile is a failure, and named'
mkdir broken-1
printf '#include <linux/module.h>\n#error not today\n' >broken-1/broken.c
echo 'obj-m := broken.o' >broken-1/Kbuild
dkms mkdeb broken-1 -v 1 --maintainer 'A Driver Author <author@example.org>' --output broken.deb
apt_install ./broken.deb || :
rc=0
/usr/lib/dkms/dkms-autopkgtest broken-dkms >said 2>&1 || rc=$?
[ "$rc" -eq 1 ] || fail "exit $rc"
grep -q "^dkms-autopkgtest: broken-dkms: broken/1 does not build for $kernel$" said || { cat said; fail 'it does not say what failed'; }
gone broken

step 'nothing to try'
rc=0
(cd source && mv /lib/modules /lib/modules.away && /usr/lib/dkms/dkms-autopkgtest) >said 2>&1 || rc=$?
mv /lib/modules.away /lib/modules
[ "$rc" -eq 77 ] || { cat said; fail "exit $rc"; }

step 'what the archive would run for our own package'
sh /packages/life
