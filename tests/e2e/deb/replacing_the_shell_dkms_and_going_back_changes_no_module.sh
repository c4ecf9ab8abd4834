# root: shell
. /e2e/inside.sh

sums() { find /lib/modules -path '*/updates/*' -name '*.ko*' -exec sha256sum {} + | sort -k 2; }
same() {
    diff before <(sums) || fail "modules changed: $1"
    diff status <(dkms status) || fail "states changed: $1"
}

step 'two modules on two kernels, by the shell DKMS'
apt_install acpi-call-dkms
module_source blink 1.0
cp -r blink-1.0 /usr/src/
dkms add blink/1.0
for kernel in $(kernels); do dkms install blink/1.0 -k "$kernel"; done
installed acpi-call 1.2.2
installed blink 1.0
sums >before
dkms status >status
[ "$(wc -l <before)" -eq 4 ] || fail 'four modules expected'
(cd /var/lib/dkms && find . ! -name '.?*' ! -path '*/.?*' | sort) >tree

step 'ours takes its place: the hooks and settings too'
install_ours
same 'by installing ours'
for file in /etc/dkms/framework.conf /etc/kernel/{postinst,header_postinst,prerm}.d/dkms; do
    dpkg-query -S "$file" | grep -q '^dkms-rs' || fail "$file is not ours"
    [ "$file" = /etc/dkms/framework.conf ] || grep -q /usr/lib/dkms/event "$file" || fail "$file is the old one"
done

step 'nothing to do for ours'
for kernel in $(kernels); do dkms autoinstall -k "$kernel"; done
same 'by autoinstall'

step 'the removed package is purged'
dpkg --purge dkms
same 'by purging the original'
grep -q /usr/lib/dkms/event /etc/kernel/postinst.d/dkms || fail 'our hook went with it'

step 'back to the original'
apt_install dkms
same 'by going back'
if grep -q /usr/lib/dkms/event /etc/kernel/postinst.d/dkms; then fail 'our hook stands where its own belongs'; fi
for kernel in $(kernels); do dkms autoinstall -k "$kernel"; done
same 'by autoinstall of the original'
diff tree <(cd /var/lib/dkms && find . ! -name '.?*' ! -path '*/.?*' | sort) || fail 'the tree changed'

step 'purging ours takes nothing along'
dpkg --purge dkms-rs
same 'by purging ours'
[ -x /etc/kernel/postinst.d/dkms ] && [ -e /etc/dkms/framework.conf ] || fail 'its settings are gone'

step 'the original can still take out what we left'
dkms remove blink/1.0 --all
gone blink
apt_remove acpi-call-dkms
gone acpi-call
