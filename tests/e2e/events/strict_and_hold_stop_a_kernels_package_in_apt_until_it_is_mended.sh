# also: trixie
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
FAILING=yes usual_deb wink 1.0 1 hey
usual_deb wink 1.0 2 hey
usual_deb blink 1.0 1 one
FAILING=yes source_deb rink 1.0 1 there
usual_deb narrow 1.0 1 only
sed -i '$aBUILD_EXCLUSIVE_KERNEL="^[0-9.-]+(.deb[0-9]+-)?-?amd64$"' deb-build/usr/src/narrow-1.0/dkms.conf
dpkg-deb -Zgzip -z1 --root-owner-group -b deb-build narrow-dkms_1.0-1.deb
policy() { mkdir -p /etc/dkms/framework.conf.d && printf '%s\n' "$@" >/etc/dkms/framework.conf.d/policy.conf; }
status_of() { dpkg-query -W -f '${db:Status-Abbrev}' "$1"; }
configured() { [ "$(status_of "$1")" = 'ii ' ] || fail "$1 is '$(status_of "$1")'"; }
half_configured() { [ "$(status_of "$1")" = 'iF ' ] || fail "$1 is '$(status_of "$1")' and should be half configured"; }
# Headers of Debian 13 bring their image along: it is there already.
cloud=$(kernels | grep cloud)
image=linux-image-$cloud
# The kernels' hook of Debian 13 asks whose it is.
sed -i '1a[ "$1" != --version ] || exec echo initramfs-tools' /usr/sbin/update-initramfs
initramfs_made() { grep -qs "update-initramfs.*$cloud" /var/log/initramfs; }

install_ours
apt_install ./blink-dkms_1.0-1.deb

step 'strict for one module: its package stays half configured, others do not'
policy 'strict_modules="wink"'
ends_with 100 apt_install ./wink-dkms_1.0-1.deb
told 'wink failed, and the failure policy is strict'
half_configured wink-dkms && configured dkms-rs && configured blink-dkms

step "the kernel's hook fails: no initramfs, no boot entry, and the other module is there all the same"
dkms unbuild blink/1.0 -k "$cloud"
policy 'failure_policy="strict"'
rm -f /var/log/initramfs
ends_with 100 apt_install --reinstall "$image"
half_configured "$image"
! initramfs_made || fail 'an initramfs was made'
installed blink 1.0 "$cloud"

step 'what leaves may leave, and mended is configured'
ends_with 0 apt_remove wink-dkms
gone wink
ends_with 0 dpkg --configure -a
configured "$image"
initramfs_made || fail 'no initramfs was made'

step "dpkg's triggers never fail"
ends_with 0 apt_install ./rink-dkms_1.0-1.deb
told 'rink'
configured dkms-rs && configured rink-dkms
ends_with 0 apt-get -q -y purge rink-dkms

step 'hold: a kernel that lacks an essential module is held as long as another has it'
rm -f /var/log/initramfs
policy 'essential_modules="narrow"' 'hold="yes"'
ends_with 0 apt_install ./narrow-dkms_1.0-1.deb
told "kernel ${cloud//+/\\+} LACKS the essential narrow: do not boot it"
ends_with 100 apt_install --reinstall "$image"
told "kernel ${cloud//+/\\+} is held back: it lacks the essential narrow, which kernel [0-9].* has"
half_configured "$image"
! initramfs_made || fail 'an initramfs was made'
ends_with 2 dkms check
told "kernel ${cloud//+/\\+} LACKS the essential narrow"

step 'without hold it is only named'
policy 'essential_modules="narrow"'
ends_with 0 dpkg --configure -a
told "kernel ${cloud//+/\\+} LACKS the essential narrow"
configured "$image" && initramfs_made

step 'where no kernel has it, holding keeps nothing that boots'
policy 'essential_modules="nobody-has-it"' 'hold="yes"'
ends_with 0 apt_install --reinstall "$image"
policy
settled narrow/1.0
