# root: initramfs
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# The real update-initramfs in place of this root's stand-in, with a note of each call.
real=/usr/sbin/update-initramfs.distrib
[ -x $real ] || fail 'this root diverts no update-initramfs'
cat >/usr/sbin/update-initramfs <<END
#!/bin/sh
echo "\$*" >>/root/calls
[ ! -e /root/no-space ] || { echo 'cp: no space left' >&2; exit 1; }
exec $real "\$@"
END
# calls_are LINES: what it was called with since the last time.
calls_are() {
    touch /root/calls
    diff <(sort /root/calls) <(printf '%s' "${1:+$1$'\n'}") || fail 'other calls of update-initramfs'
    rm /root/calls
}
sed -i 's/^MODULES=.*/MODULES=list/' /etc/initramfs-tools/initramfs.conf
read -r first second < <(kernels | xargs)
both=$(printf -- '-u -k %s\n' "$first" "$second" | sort)
holds() { lsinitramfs "/boot/initrd.img-$1" | grep "/$2[.]ko"; }
# description KERNEL NAME: what the module in the initramfs says of itself.
description() {
    rm -rf /tmp/unpacked && unmkinitramfs "/boot/initrd.img-$1" /tmp/unpacked
    modinfo -F description "$(find /tmp/unpacked -name "$2.ko*")"
    rm -rf /tmp/unpacked
}
for revision in 1 2; do
    usual_deb blink 1.0 $revision "blink$revision"
    source_deb wink 1.0 $revision "wink$revision"
done
install_ours
apt_install ./blink-dkms_1.0-1.deb ./wink-dkms_1.0-1.deb
calls_are ''
printf '%s\n' blink wink >>/etc/initramfs-tools/modules
for kernel in $first $second; do
    # Of a kernel's image only what initramfs-tools reads.
    cp "/lib/modules/$kernel/build/.config" "/boot/config-$kernel"
    depmod "$kernel" && $real -c -k "$kernel"
done
holds "$first" blink && holds "$second" wink || fail 'the initramfs of this test lacks its modules'

step 'two packages of modules, one with scripts, in one transaction: once for each kernel, at its end'
ends_with 0 apt_install ./blink-dkms_1.0-2.deb ./wink-dkms_1.0-2.deb
told "initramfs of $first made anew: the initramfs holds blink, wink"
calls_are "$both"
[ "$(description "$first" blink)" = 'says blink2' ] || fail 'the old module is in the initramfs'
[ "$(description "$second" wink)" = 'says wink2' ] || fail 'the old module is in the initramfs'
settled

step 'unpacked first, configured later by another dpkg: made anew, once'
rm -f /root/calls
dpkg --unpack ./blink-dkms_1.0-1.deb
ends_with 0 dpkg --configure -a
calls_are "$both"
[ "$(description "$first" blink)" = 'says blink1' ] || fail 'the wrong module is in the initramfs'
settled

step 'the same package again leaves them alone'
ends_with 0 apt_install --reinstall ./wink-dkms_1.0-2.deb
calls_are ''

step 'one that cannot be made is told and tried again, and apt ends well'
touch /root/no-space
ends_with 0 apt_install --allow-downgrades ./wink-dkms_1.0-1.deb
told 'no space left'
rm -f /root/calls
ends_with 2 dkms check
told "the last initramfs of wink/1.0 for $first"
ends_with 0 dkms reconcile --dry-run
told "initramfs wink/1.0 for $first .*: the initramfs holds wink"
rm /root/no-space
ends_with 0 apt_install --reinstall ./blink-dkms_1.0-1.deb
calls_are "$both"
[ "$(description "$first" wink)" = 'says wink1' ] || fail 'the wrong module is in the initramfs'
ends_with 0 dkms check

step "a kernel's own hook makes it: we do not"
apt_install linux-image-cloud-amd64
! grep -- '^-u' /root/calls || fail 'made anew although the hook makes it'
rm -f /root/calls

step 'a package that goes takes its module out of the initramfs'
ends_with 0 apt_remove blink-dkms
calls_are "$both"
! holds "$first" blink || fail 'it is still in there'
settled

step 'never'
echo initramfs=never >/etc/dkms/framework.conf.d/policy.conf
ends_with 0 apt_remove wink-dkms
calls_are ''
settled
