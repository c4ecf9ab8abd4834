. /e2e/inside.sh
# Hooks in /etc outlive the package; a hook that fails leaves the kernel half-configured.

step 'ours comes and goes, its hooks stay'
install_ours
apt_remove dkms-rs
[ -x /etc/kernel/postinst.d/dkms ] || fail 'the hook is gone: nothing to test'
[ ! -e /usr/lib/dkms/event ] || fail 'the program is still there'

step 'kernels and headers install and leave'
apt_install linux-headers-rt-amd64 linux-image-cloud-amd64
apt_remove 'linux-image-*-cloud-amd64'
dpkg --audit | grep . && fail 'half-configured packages'

step 'purged, nothing of ours is left'
dpkg --purge dkms-rs
[ -z "$(find /etc/dkms /etc/kernel -name '*dkms*' 2>/dev/null)" ] || fail 'files remain in /etc'
