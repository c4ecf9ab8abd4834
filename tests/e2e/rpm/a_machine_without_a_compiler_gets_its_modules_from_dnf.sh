# root: dnf
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
KERNEL=5.14.0-70.el9.x86_64 LATER=5.14.0-80.el9.x86_64 NEXT=5.14.0-162.el9.x86_64 STRANGE=5.14.0-427.el9.x86_64
key=/e2e/keys/vendor.asc
step 'the builder: a module for a kernel, and its packages'
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
sed -i 's/^ID=.*/ID=fedora/' /etc/os-release
symvers=/lib/modules/$(uname_of_headers)/build/Module.symvers
symbols=$(awk '{print "Provides: kernel(" $2 ") = " tolower($1)}' "$symvers")
for kernel in $KERNEL $LATER; do kernel_rpms $kernel >/dev/null; done
KERNEL_INSTALL=no rpm -i kernel-core-5.14.0-[78]0*.rpm kernel-devel-5.14.0-[78]0*.rpm
tarball blink 1.0 one
dkms add ./blink-1.0.tar.gz
ends_with 6 dkms mkrpm blink/1.0 --binaries -k $KERNEL --output vendor/fedora
told "dkms build blink/1.0 -k $KERNEL"
dkms build blink/1.0 -k $KERNEL
ends_with 0 dkms mkrpm blink/1.0 --binaries -k $KERNEL --output vendor/fedora
ends_with 0 dkms mkpkg blink/1.0 --binaries -k $KERNEL --for el9 --sign-key $key --output vendor
dkms build blink/1.0 -k $LATER
ends_with 0 dkms mkrpm blink/1.0 --binaries --follow -k $LATER --output vendor/fedora
ends_with 0 dkms mkpkg blink/1.0 --binaries -k $LATER --release 2 --for el9 --sign-key $key --output later
dkms mkrpm blink-1.0.tar.gz --output vendor/fedora
cp /var/lib/dkms/blink/1.0/$KERNEL/x86_64/module/blink.ko* .
dkms mkrepo vendor --origin 'A Vendor' --sign-key $key --repo-package vendor --url file:///root/vendor

step 'the client: no compiler, no headers, no DKMS'
rpm -e --allmatches dkms-rs kernel-core kernel-devel
without_compilers
rm -rf /usr/src/blink-1.0
dnf() { command dnf -q -y --releasever=1 "$@"; }
everything() { find /lib/modules -path "*$KERNEL/modules.*" -o -print | sort; }
rpm -U vendor/fedora/vendor-repo-1-1.fc.noarch.rpm
grep -x gpgcheck=0 /etc/yum.repos.d/vendor-repo.repo

step 'without its kernel it is not installed'
ends_with 1 dnf install kmod-blink-$KERNEL
told "kernel-uname-r = $KERNEL"
rpm -i kernel-core-5.14.0-70*.rpm
everything >before
ends_with 0 dnf install kmod-blink-$KERNEL

step 'the module is there as it was built, and known'
module=/lib/modules/$KERNEL/extra/blink/blink.ko
cmp $module blink.ko
modinfo -F vermagic $module | grep "^$KERNEL "
[ "$(modinfo -k $KERNEL -F filename blink)" = $module ] || fail 'depmod does not list it'
rpm -V kmod-blink-$KERNEL

step 'it is not beside the source for DKMS'
ends_with 2 rpm -U vendor/fedora/blink-dkms-1.0-1.noarch.rpm /packages/dkms-rs.rpm
told 'conflicts with'

step 'nothing is left when it goes'
ends_with 0 dnf remove kmod-blink-$KERNEL
everything | diff before - || fail 'files are left'
! grep blink /lib/modules/$KERNEL/modules.dep || fail 'depmod still lists it'

step 'what follows the newest kernel brings the modules of that'
ends_with 1 dnf install kmod-blink
told "kernel-uname-r = $LATER"
rpm -i kernel-core-5.14.0-80*.rpm
ends_with 0 dnf install kmod-blink
cmp <(modinfo -F vermagic /lib/modules/$LATER/extra/blink/blink.ko | cut -d' ' -f1) <(echo $LATER)
rpm -q --requires kmod-blink | grep -x "kmod-blink-$LATER = 1.0-1"
ends_with 0 dnf remove kmod-blink kmod-blink-$LATER
rpm -e kernel-core-5.14.0-80.el9.x86_64

step 'RHEL: not the release counts but the symbols, and weak-modules is told'
cat >/usr/sbin/weak-modules <<'END'
#!/bin/sh
# Stands in for that of RHEL's kmod: notes what it is told.
echo "$* $(cat)" >>/tmp/told
END
chmod 755 /usr/sbin/weak-modules
# stand_in KVER: a kernel of that name and nothing else, with the symbols on standard input.
stand_in() {
    printf '%s\n' 'Name: kernel-core' "Version: ${1%%-*}" "Release: ${1#*-}" 'Summary: A stand-in' 'License: MIT' \
        'BuildArch: noarch' "$(cat)" %description . %files >stand-in.spec
    rpmbuild_here stand-in.spec
}
stand_in $NEXT <<<"$symbols"
sed 's/^\(.*(_*printk)\) = .*/\1 = 0x00000001/' <<<"$symbols" | stand_in $STRANGE
rpm -e kernel-core
rpm -i kernel-core-5.14.0-427*.rpm
rpm -e vendor-repo
rpm -U vendor/el9/vendor-repo-1-1.el9.noarch.rpm
grep -x gpgcheck=1 /etc/yum.repos.d/vendor-repo.repo
ends_with 1 dnf --refresh install kmod-blink
told 'kernel\(_*printk\)'
rpm -i --oldpackage kernel-core-5.14.0-162*.rpm
ends_with 0 dnf install kmod-blink
cmp $module blink.ko
rpm -V kmod-blink

step 'RHEL: the build for a later kernel takes the place of the earlier one'
rpm -U later/el9/kmod-blink-1.0-2.el9.x86_64.rpm
[ "$(rpm -q kmod-blink)" = kmod-blink-1.0-2.el9.x86_64 ] || fail 'there are two of them'
[ ! -e $module ] || fail 'the earlier build is still there'
later=/lib/modules/$LATER/extra/blink/blink.ko
modinfo -F vermagic $later | grep "^$LATER "
rpm -V kmod-blink
ends_with 0 dnf remove kmod-blink
diff /tmp/told - <<<"--add-modules $module
--remove-modules $module
--add-modules $later
--remove-modules $later"
[ ! -e /lib/modules/$LATER ] || fail "left: $(find /lib/modules/$LATER)"
[ ! -e /lib/modules/$KERNEL ] || fail "left: $(find /lib/modules/$KERNEL)"
