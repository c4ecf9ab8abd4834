# root: dnf
# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
[ -x /bin/kernel-install ] || apt_install systemd
kernel-install --version | head -n 1
[ -s /etc/machine-id ] || systemd-machine-id-setup
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
source_rpm blink 1.0 1 one
rpm -i blink-dkms-1.0-1.rpm
# A generator of our own notes what an initramfs would find, and the last plugin that all were called.
mkdir -p /etc/kernel/install.d
cat >/etc/kernel/install.d/50-initramfs.install <<'END'
#!/bin/sh
echo "$1 $2: $(find /lib/modules/$2/ -name "blink.ko*" | wc -l) module" >>/root/plugins
END
printf '#!/bin/sh\necho "last $1" >>/root/plugins\n' >/etc/kernel/install.d/99-last.install
chmod 755 /etc/kernel/install.d/*.install
plugins_are() { diff /root/plugins - || fail 'other plugins were called'; rm /root/plugins; }

step 'headers and kernel in one transaction: built in the plugin'
ends_with 0 rpm -i kernel-core-*.rpm kernel-devel-*.rpm
told "blink/1.0 installed for $KVER"
printf '%s\n' "add $KVER: 1 module" 'last add' | plugins_are
settled

step 'the kernel goes: its module is taken out, before all others or after them'
ends_with 0 rpm -e kernel-core
grep -qx 'last remove' /root/plugins && rm /root/plugins
[ ! -e /lib/modules/$KVER ] || fail "leftovers: $(find /lib/modules/$KVER)"
settled

step 'called by hand: add, again, add of what is there, remove, remove of what has gone'
rpm -i --noscripts --notriggers kernel-core-*.rpm
ends_with 0 kernel-install add $KVER /lib/modules/$KVER/vmlinuz
installed blink 1.0 $KVER
ends_with 0 kernel-install add $KVER /lib/modules/$KVER/vmlinuz
rm /root/plugins
ends_with 0 kernel-install remove $KVER
[ -z "$(dkms status -k $KVER | grep ', ')" ] || fail 'remove should unbuild'
ends_with 0 kernel-install remove $KVER
grep -c 'last remove' /root/plugins | grep -qx 2
rm /root/plugins

step 'a bypass does nothing'
for set in KERNEL_INSTALL_BYPASS=1; do
    ends_with 0 env $set /usr/lib/kernel/install.d/40-dkms.install add $KVER /boot/x /lib/modules/$KVER/vmlinuz
    [ -z "$(dkms status -k $KVER | grep ', ')" ] || fail "$set was not heeded"
done

step 'a module that fails, a tree that cannot be written, words that nobody knows: the plugins after ours run'
module_source wink 1.0 && echo 'this is not C' >>wink-1.0/wink.c && mv wink-1.0 /usr/src/ && dkms add wink/1.0
ends_with 0 kernel-install add $KVER /lib/modules/$KVER/vmlinuz
told 'wink'
installed blink 1.0 $KVER
printf '%s\n' "add $KVER: 1 module" 'last add' | plugins_are
ends_with 0 /usr/lib/kernel/install.d/40-dkms.install add "a kernel" /boot/x /lib/modules/x/vmlinuz
ends_with 0 /usr/lib/kernel/install.d/40-dkms.install frobnicate
ends_with 0 /usr/lib/kernel/install.d/40-dkms.install
mount -t tmpfs -o ro none /var/lib/dkms
ends_with 0 kernel-install add $KVER /lib/modules/$KVER/vmlinuz
umount /var/lib/dkms
dkms remove wink/1.0 --all && rm -rf /usr/src/wink-1.0
settled
