# root: uki
# when: nightly
# at most: 900
. /e2e/inside.sh
. /e2e/transactions.sh
for revision in 1 2; do usual_deb blink 1.0 $revision "blink$revision"; done
install_ours
apt_install linux-image-cloud-amd64
kernel=$(ls /boot/vmlinuz-* | sed -n '1s,.*/vmlinuz-,,p')
rm -f /boot/initrd.img-*

step 'a machine whose kernels are unified images, made by kernel-install, dracut and ukify'
mkdir -p /boot/EFI/Linux /etc/kernel /etc/dracut.conf.d
printf 'layout=uki\ninitrd_generator=dracut\nuki_generator=ukify\nBOOT_ROOT=/boot\n' >/etc/kernel/install.conf
echo lab >/etc/kernel/entry-token
# What starts first loads the module and ends, and the machine with it.
echo 'root=/dev/vda console=ttyS0 quiet loglevel=7 panic=-1 rdinit=/bin/sh -- -c "mount -t devtmpfs dev /dev; mount -t sysfs sys /sys; modprobe blink >/dev/console 2>&1"' >/etc/kernel/cmdline
printf 'hostonly="no"\ndracutmodules=" base kernel-modules "\ndrivers=" loop "\n' >/etc/dracut.conf.d/small.conf
image=/boot/EFI/Linux/lab-$kernel.efi
kernel-install add "$kernel" "/boot/vmlinuz-$kernel"
[ -f "$image" ] || fail "kernel-install made no $image"
# description: what the module in the image says of itself; nothing where there is none.
description() {
    rm -rf /tmp/unpacked && mkdir /tmp/unpacked
    objcopy -O binary --only-section=.initrd "$image" /tmp/initrd
    (cd /tmp/unpacked && lsinitrd --unpack /tmp/initrd)
    find /tmp/unpacked -name 'blink.ko*' -exec modinfo -F description {} +
}
[ -z "$(description)" ] || fail 'the module is in the image before it exists'

step 'the settings name a module that the image lacks: it is put in when it comes'
echo 'add_drivers+=" blink "' >/etc/dracut.conf.d/blink.conf
ends_with 0 apt_install ./blink-dkms_1.0-1.deb
told "initramfs of ${kernel//+/[+]} made anew: it is to hold blink, as the settings of its maker say, and does not"
[ "$(description)" = 'says blink1' ] || fail "the image has: $(description)"

step 'it changes'
ends_with 0 apt_install ./blink-dkms_1.0-2.deb
told "initramfs of ${kernel//+/[+]} made anew: the initramfs holds blink"
[ "$(description)" = 'says blink2' ] || fail "the image has: $(description)"

step 'firmware starts it, and the module of the image is loaded'
mkdir -p esp/EFI/BOOT
cp "$image" esp/EFI/BOOT/BOOTX64.EFI
cp /usr/share/OVMF/OVMF_VARS_4M.fd variables
timeout 300 qemu-system-x86_64 -accel tcg -machine q35 -m 1024 -nodefaults -no-user-config -display none -serial stdio -no-reboot \
    -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive if=pflash,format=raw,file=variables \
    -drive file=fat:rw:esp,format=raw </dev/null >console || fail "qemu ended with $?: $(tail -n 20 console)"
grep -aE '\] blink2.?$' console || fail "it was not loaded: $(grep -av " ? " console | tail -n 60)"

step 'it leaves'
rm /etc/dracut.conf.d/blink.conf
ends_with 0 apt_remove blink-dkms
[ -z "$(description)" ] || fail 'the module is in the image after it has gone'
dkms check

step 'what makes it fails: told, and tried again'
echo 'add_drivers+=" blink "' >/etc/dracut.conf.d/blink.conf
mv /usr/bin/ukify /usr/bin/ukify.away
printf '#!/bin/sh\necho "no stub" >&2\nexit 1\n' >/usr/bin/ukify
chmod 755 /usr/bin/ukify
ends_with 0 apt_install ./blink-dkms_1.0-1.deb
told 'kernel-install add .* ended with'
ends_with 2 dkms check
mv /usr/bin/ukify.away /usr/bin/ukify
ends_with 0 dkms reconcile
[ "$(description)" = 'says blink1' ] || fail "the image has: $(description)"
ends_with 0 dkms check
