# root: dnf
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
[ -x /bin/kernel-install ] || apt_install systemd
[ -s /etc/machine-id ] || systemd-machine-id-setup
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
policy() { printf '%s\n' "$@" >/etc/dkms/framework.conf.d/policy.conf; }
mkdir -p /etc/kernel/install.d
printf '#!/bin/sh\necho "last $1" >>/root/plugins\n' >/etc/kernel/install.d/99-last.install
chmod 755 /etc/kernel/install.d/99-last.install
# Another package's trigger on the same folder, which must not lose its turn.
cat >witness.spec <<'END'
Name: witness
Version: 1
Release: 1
Summary: Sees what happens
License: GPL-2.0-only
BuildArch: noarch
%description
Sees what happens.
%transfiletriggerin -P 1 -- /usr/src
echo seen >>/root/witness
%files
END
rpmbuild_here witness.spec
rpm -i witness-1-1.rpm
module_source wink 1.0 && echo 'this is not C' >>wink-1.0/wink.c && tar czf wink-1.0.tar.gz wink-1.0 && rm -r wink-1.0
dkms mkrpm wink-1.0.tar.gz --output wink.rpm
source_rpm blink 1.0 1 one

step 'strict: %posttrans and file triggers are warnings, and rpm ends well'
policy 'failure_policy="strict"'
ends_with 0 rpm -i wink.rpm blink-dkms-1.0-1.rpm
told 'wink failed, and the failure policy is strict'
told 'warning: %posttrans\(wink-dkms-1.0-1.*\) scriptlet failed'
installed blink 1.0
[ -s /root/witness ] || fail "another package's trigger lost its turn"

step 'an upgrade and a removal never fail in %preun: no version stays twice'
tarball wink 2.0 two && dkms mkrpm wink-2.0.tar.gz --output better.rpm
ends_with 0 rpm -U better.rpm
only wink 2.0 two
ends_with 0 rpm -e wink-dkms
gone wink && settled

step 'hold: the plugin fails before initramfs and boot entry, and rpm says so'
echo "BUILD_EXCLUSIVE_KERNEL='^6[.]1[.]'" >/etc/dkms/blink.conf
policy 'essential_modules="blink"' 'hold="yes"'
ends_with 0 rpm -i kernel-core-*.rpm kernel-devel-*.rpm
told "kernel $KVER is held back: it lacks the essential blink, which kernel 6.1"
told 'warning: %posttrans\(kernel-core.*\) scriptlet failed, exit status'
[ ! -e /root/plugins ] || fail 'the plugins after ours were called'
ends_with 2 dkms check
told "kernel $KVER LACKS the essential blink"

step 'it goes without a failure'
ends_with 0 rpm -e kernel-core
grep -qx 'last remove' /root/plugins
rm /etc/dkms/blink.conf && rpm -e kernel-devel

step 'with the module there nothing is held'
ends_with 0 rpm -i kernel-core-*.rpm kernel-devel-*.rpm
grep -qx 'last add' /root/plugins
installed blink 1.0 $KVER
ends_with 0 dkms check
settled
