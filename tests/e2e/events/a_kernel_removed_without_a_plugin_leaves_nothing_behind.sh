# root: shell
. /e2e/inside.sh
. /e2e/transactions.sh
# No kernel-install here, as in images without systemd: nobody calls when the kernel goes.
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
rpm -U /packages/distribution.rpm
module_source blink 1.0 one && cp -r blink-1.0 /usr/src/

kernel_goes() {
    rpm -i kernel-core-6.5.0-1.fc39.x86_64.rpm kernel-devel-6.5.0-1.fc39.x86_64.rpm
    dkms install -m blink -v 1.0 -k $KVER
    installed blink 1.0 $KVER
    rpm -e kernel-core kernel-devel
    [ -z "$(dkms status -k $KVER | grep ', ')" ] || fail "its state remains: $(dkms status -k $KVER)"
    [ ! -e /lib/modules/$KVER ] || fail "its folder remains: $(find /lib/modules/$KVER)"
    settled
}

rpm -U /packages/shell-dkms.rpm
original_fails kernel_goes
told 'FAILED: its state remains'

step 'ours'
dkms remove blink/1.0 --all || :
rm -rf /lib/modules/$KVER
rpm -e shell-dkms
apt-get -q -y purge dkms && rm -rf /var/lib/dkms
rpm -U /packages/dkms-rs.rpm
kernel_goes
