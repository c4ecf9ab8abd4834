# root: dnf5
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/preflight.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
dnf() { command dnf5 -y --setopt=install_weak_deps=False --setopt=installonly_limit=0 --setopt=metadata_expire=0 "$@"; }
# All of the disk but caches, logs, and what rpm and dnf note of a look at their databases.
disk() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /var/cache -o -path /var/log -o -path /root \
        -o -path /srv -o -path /var/lib/rpm -o -path /usr/lib/sysimage -o -path /etc/dkms -o -path /etc/yum.repos.d \
        -o -path /var/lib/dkms/.finished -o -path /var/lib/dkms/.logs -o -path /var/lib/dkms/.lock \) -prune -o -type f -print0 |
        sort -z | xargs -0 sha256sum
}
# The newest, which would boot.
new=8.1.99-100.fc41.x86_64
KERNEL_INSTALL=no kernel_rpms $new
source_rpm wink 1.0 1 hey && FAILS_ON=fc41 source_rpm blink 1.0 1 one && source_rpm blink 2.0 1 mended
repository wink-dkms-1.0-1.rpm blink-dkms-1.0-1.rpm
ends_with 0 dnf install wink-dkms blink-dkms
! grep -q 'would not build' <<<"$output" || fail 'a module that builds was complained of'
installed wink 1.0 && installed blink 1.0

step 'nothing of ours comes: nothing is said'
! grep -q 'dkms: ' <<<"$(dnf reinstall wink-dkms 2>&1 | grep would)" || fail 'something was said'

step 'stopped: nothing has changed'
settings 'essential_modules="blink"'
repository kernel-core-$new.rpm kernel-devel-$new.rpm blink-dkms-1.0-1.rpm
disk >/tmp/before
rpm -qa | sort >/tmp/packages
ends_with 1 dnf install kernel-core kernel-devel
told "stopped before anything was unpacked: blink/1.0 would not build for kernel $new"
told 'DKMS_PREFLIGHT=off dnf'
disk | diff /tmp/before - || fail 'something changed'
rpm -qa | sort | diff /tmp/packages - || fail 'packages have changed'

step 'packages that are named by their files'
ends_with 1 dnf install ./kernel-core-$new.rpm ./kernel-devel-$new.rpm
told "stopped before anything was unpacked: blink/1.0 would not build for kernel $new"

dnf_goes_on "$new"

step 'a program that is gone, or crashes, stops nothing'
mv /usr/lib/dkms/event /usr/lib/dkms/away
ends_with 0 dnf reinstall blink-dkms
printf '#!/bin/sh\nkill -SEGV $$\n' >/usr/lib/dkms/event && chmod 755 /usr/lib/dkms/event
ends_with 0 dnf reinstall blink-dkms
mv /usr/lib/dkms/away /usr/lib/dkms/event
