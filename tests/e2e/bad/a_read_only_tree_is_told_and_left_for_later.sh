. /e2e/inside.sh
install_ours
module_source blink 1.0
dkms add ./blink-1.0
kernel=$(kernels | tail -n 1)
remember
mount --bind /var/lib/dkms /var/lib/dkms
mount -o remount,bind,ro /var/lib/dkms

step 'by hand: refused'
ends_with 0 dkms status
told '^blink/1.0: added$'
for action in build install remove; do
    ends_with 1 dkms "$action" blink/1.0 -k "$kernel"
    told '[Rr]ead-only|write'
done

step 'for a package manager: not its fault'
ends_with 0 /etc/kernel/postinst.d/dkms "$kernel" "/boot/vmlinuz-$kernel"
ends_with 0 /usr/lib/kernel/install.d/40-dkms.install add "$kernel" /boot/entry "/boot/vmlinuz-$kernel"
unchanged

step 'writable again, the next event takes it up'
umount /var/lib/dkms
/etc/kernel/postinst.d/dkms "$kernel" "/boot/vmlinuz-$kernel"
installed blink 1.0 "$kernel"

step 'what another DKMS installed there gives no cause for complaint'
rm -rf /var/lib/dkms/.records
mount --bind /var/lib/dkms /var/lib/dkms
mount -o remount,bind,ro /var/lib/dkms
output=$(/etc/kernel/postinst.d/dkms "$kernel" "/boot/vmlinuz-$kernel" 2>&1) || fail 'it is no failure'
[[ $output != *[Rr]ead-only* ]] || fail "it complains: $output"
umount /var/lib/dkms

step 'the folder of the kernel is read-only: that is known before anything is compiled'
ends_with 0 dkms remove blink/1.0 --all
ends_with 0 dkms add blink/1.0
mount --bind "/lib/modules/$kernel" "/lib/modules/$kernel"
mount -o remount,bind,ro "/lib/modules/$kernel"
ends_with 74 dkms install blink/1.0 -k "$kernel"
told "cannot be installed on kernel $kernel: .*/$kernel is on a read-only file system"
! grep -q '^building' <<<"$output" || fail 'it was compiled'
ends_with 0 /etc/kernel/postinst.d/dkms "$kernel" "/boot/vmlinuz-$kernel"
told 'is on a read-only file system'
! grep -q '^building' <<<"$output" || fail 'it was compiled'
ends_with 2 dkms check -k "$kernel"
told 'is on a read-only file system'
ends_with 0 dkms build blink/1.0 -k "$kernel"
umount "/lib/modules/$kernel"
ends_with 0 dkms install blink/1.0 -k "$kernel"
installed blink 1.0 "$kernel"
