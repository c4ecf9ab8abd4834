# root: sysext
# when: nightly
# What systemd-sysext makes of the extension is seen with systemd's own, which needs no running systemd.
. /e2e/inside.sh
install_ours
kernel=$(kernels | tail -n 1)
for name in blink other; do
    module_source $name 1.0
    cp -r $name-1.0 /usr/src/
    ends_with 0 dkms add $name/1.0
done
echo 'POST_INSTALL="touch-it.sh"' >>/usr/src/blink-1.0/dkms.conf
printf '#!/bin/sh\ntouch /touched\n' >/usr/src/blink-1.0/touch-it.sh
chmod 755 /usr/src/blink-1.0/touch-it.sh
ends_with 0 dkms mksysext -k "$kernel" --output unsigned
told '`dkms generate_mok` makes one'
ends_with 0 dkms generate_mok
# The lists that the image of a kernel brings.
depmod "$kernel"
mount --bind "/lib/modules/$kernel" "/lib/modules/$kernel"
mount -o remount,bind,ro "/lib/modules/$kernel"
remember

step 'every module, in a folder: built and listed there, and nothing changes here'
ends_with 74 dkms install blink/1.0 -k "$kernel"
told 'dkms mksysext'
ends_with 0 dkms mksysext -k "$kernel"
told "^dkms-$kernel: blink/1.0, other/1.0 for kernel $kernel\$"
told 'the POST_INSTALL script of blink/1.0 is not run'
[ ! -e /touched ] || fail 'the script was run'
unchanged
[ "$(find "dkms-$kernel" -name '*.ko*' -printf '%f\n' | sort | paste -sd' ')" = 'blink.ko other.ko' ] || fail "$(find "dkms-$kernel")"
grep -q '^updates/dkms/blink.ko:' "dkms-$kernel/usr/lib/modules/$kernel/modules.dep" || fail 'depmod did not see it'
grep -qx 'ARCHITECTURE=x86-64' "dkms-$kernel/usr/lib/extension-release.d/extension-release.dkms-$kernel" || fail 'for which system?'
ends_with 9 dkms mksysext -k "$kernel"
told 'exists already'
mkdir letters
ends_with 9 dkms mksysext -k "$kernel" --output letters --force
told 'is no extension'
ends_with 74 dkms mksysext -k "$kernel" --output nosuch/it
! grep -qi building <<<"$output" || fail 'built for nothing'
ends_with 0 dkms mksysext -k "$kernel" --force

ends_with 21 dkms mksysext -k 9.9
told 'no such kernel is installed, /lib/modules/9.9 does not exist'
told '`ls /lib/modules` lists'

step 'systemd merges it, and modprobe finds the modules'
mkdir -p /var/lib/extensions
cp -r "dkms-$kernel" /var/lib/extensions/
! modinfo -k "$kernel" blink >/dev/null 2>&1 || fail 'it is there already'
umount "/lib/modules/$kernel"
# As on a running system: it merges in a process of its own, and passes the mount on.
mount --make-rshared /
ends_with 0 systemd-sysext merge
ends_with 0 modinfo -k "$kernel" -n blink
told "/lib/modules/$kernel/updates/dkms/blink.ko"
ends_with 0 modprobe -n -v -S "$kernel" blink
told 'insmod .*/updates/dkms/blink.ko'
ends_with 0 systemd-sysext unmerge

step 'one module, as an image'
ends_with 0 dkms mksysext other/1.0 -k "$kernel" --output other.raw
unsquashfs -l other.raw | grep -q "usr/lib/modules/$kernel/updates/dkms/other.ko" || fail "$(unsquashfs -l other.raw)"
! unsquashfs -l other.raw | grep -q blink.ko || fail 'more than that module'

step 'what does not build is told, and no extension made'
sed -i '1i #error it does not build' /usr/src/blink-1.0/blink.c
ends_with 11 dkms mksysext -k "$kernel" --output bad
told 'it does not build'
log=$(sed -n 's/^the whole log of blink.* is //p' <<<"$output")
grep -q 'it does not build' "$log" || fail "no log at '$log'"
[ ! -e bad ] || fail 'an extension that lacks a module'
ends_with 2 dkms mksysext nosuch/1.0 -k "$kernel" --output bad

step 'what the kernel has already is no extension'
ends_with 0 dkms install other/1.0 -k "$kernel"
ends_with 6 dkms mksysext other/1.0 -k "$kernel" --output there
[ ! -e there ] || fail 'an extension of nothing'
