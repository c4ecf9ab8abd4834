# root: shell dnf
. /e2e/inside.sh
. /e2e/transactions.sh
# In one dnf transaction the kernel and a module's new version come before the kernel's headers.
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
ALL_KERNELS=yes source_rpm blink 1.0 1 one usual && ALL_KERNELS=yes source_rpm blink 2.0 1 two usual
rpm -U /packages/distribution.rpm

late_headers() {
    repository ./*.rpm
    dnf install blink-dkms-1.0
    settled
    dnf install kernel-core kernel-devel blink-dkms-2.0
    only blink 2.0 two
    installed blink 2.0 $KVER
    settled
}

rpm -U /packages/shell-dkms.rpm
original_fails late_headers
told "FAILED: blink/2.0 is not installed for $KVER|FAILED: not one file of blink for $KVER"

step 'ours'
rpm -e blink-dkms kernel-core kernel-devel || :
rpm -e shell-dkms
dkms remove blink/2.0 --all || :
apt-get -q -y purge dkms && rm -rf /var/lib/dkms /lib/modules/$KVER /usr/src/blink-*
rpm -U /packages/dkms-rs.rpm
late_headers
dnf remove kernel-core kernel-devel
[ ! -e /lib/modules/$KVER ] || fail "leftovers: $(find /lib/modules/$KVER)"
settled
