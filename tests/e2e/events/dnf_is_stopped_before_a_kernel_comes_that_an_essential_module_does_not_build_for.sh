# root: dnf
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/preflight.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
new=6.1.99-100.fc39.x86_64
KERNEL_INSTALL=no kernel_rpms $new
source_rpm wink 1.0 1 hey && FAILS_ON=fc39 source_rpm blink 1.0 1 one && source_rpm blink 2.0 1 mended
ls
repository wink-dkms-1.0-1.rpm blink-dkms-1.0-1.rpm
dnf install wink-dkms blink-dkms
installed wink 1.0 && installed blink 1.0

step 'stopped: nothing has changed'
settings 'essential_modules="blink"'
repository kernel-core-$new.rpm kernel-devel-$new.rpm blink-dkms-1.0-1.rpm
remember
rpm -qa | sort >/tmp/packages
ends_with 1 dnf install kernel-core kernel-devel
told "stopped before anything was unpacked: blink/1.0 would not build for kernel $new"
told 'DKMS_PREFLIGHT=off dnf'
unchanged
rpm -qa | sort | diff /tmp/packages - || fail 'packages have changed'

dnf_goes_on "$new"

step 'a program that is gone stops nothing'
mv /usr/lib/dkms/event /usr/lib/dkms/away
ends_with 0 dnf reinstall blink-dkms
mv /usr/lib/dkms/away /usr/lib/dkms/event
