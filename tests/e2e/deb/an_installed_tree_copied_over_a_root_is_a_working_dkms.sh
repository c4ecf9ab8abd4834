. /e2e/inside.sh
# What `make install` made, without any package manager: hooks, maintainer scripts' entry, kernel-install's plugin.

step 'copy'
dpkg-deb -x /packages/dkms-rs.deb tree
rm -rf tree/lib
cp -a tree/. /
event=/usr/lib/dkms/event
[ -x "$event" ] || fail 'no event'

step 'common.postinst, as module packages call it'
module_source blink 1.0
cp -r blink-1.0 /usr/src/
/usr/lib/dkms/common.postinst blink 1.0 /usr/share/blink "" ""
installed blink 1.0

step 'kernel hooks'
cloud=$(kernels | grep cloud)
run-parts --verbose --exit-on-error --arg="$cloud" /etc/kernel/prerm.d
dkms status -k "$cloud" | grep ', ' && fail "$cloud is still known"
run-parts --exit-on-error --arg="$cloud" --arg="/boot/vmlinuz-$cloud" /etc/kernel/postinst.d
installed blink 1.0
run-parts --exit-on-error --arg="$cloud" /etc/kernel/prerm.d
run-parts --exit-on-error --arg="$cloud" /etc/kernel/header_postinst.d
installed blink 1.0

step 'kernel-install'
/usr/lib/kernel/install.d/40-dkms.install remove "$cloud" /boot/entry
dkms status -k "$cloud" | grep ', ' && fail "$cloud is still known"
/usr/lib/kernel/install.d/40-dkms.install add "$cloud" /boot/entry "/boot/vmlinuz-$cloud"
installed blink 1.0

step 'at boot'
dkms unbuild blink/1.0 -k "$cloud"
/usr/lib/dkms/dkms_autoinstaller start "$cloud"
installed blink 1.0

step 'away'
dkms remove blink/1.0 --all
gone blink
