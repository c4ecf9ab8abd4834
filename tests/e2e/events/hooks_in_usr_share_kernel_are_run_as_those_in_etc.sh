# root: trixie
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# Debian 13 has linux-run-hooks, which runs what is in both; packages may have their hooks there (KERNELHOOKDIR).
install_ours
source_deb blink 1.0 1 one
apt_install ./blink-dkms_1.0-1.deb
for hook in /etc/kernel/*.d/dkms; do
    mkdir -p "/usr/share/kernel/$(basename "$(dirname "$hook")")"
    mv "$hook" "/usr/share/kernel/$(basename "$(dirname "$hook")")/"
done
mkdir -p /etc/kernel/postinst.d
printf '#!/bin/sh\necho "$1: $(find /lib/modules/$1/ -name "blink.ko*" | wc -l)" >>/root/order\n' >/etc/kernel/postinst.d/zz-note
chmod 755 /etc/kernel/postinst.d/zz-note

step 'they are run'
ends_with 0 apt_install linux-image-cloud-amd64 linux-headers-cloud-amd64
cloud=$(basename /boot/vmlinuz-*cloud* | sed 's/vmlinuz-//')
installed blink 1.0 "$cloud" && settled
ends_with 0 apt_install --reinstall "linux-image-$cloud"
tail -n 1 /root/order | grep -qx "$cloud: 1" || fail "before the initramfs: $(cat /root/order)"
settled

step 'one of an older package in /etc takes its place: our trigger does what it leaves'
for phase in postinst header_postinst prerm; do
    mkdir -p "/etc/kernel/$phase.d"
    printf '#!/bin/sh\nexit 0\n' >"/etc/kernel/$phase.d/dkms"
    chmod 755 "/etc/kernel/$phase.d/dkms"
done
apt-get -q -y purge "linux-image-$cloud" "linux-headers-$cloud"
[ -z "$(dkms status -k "$cloud" | grep ', ')" ] || fail "$cloud is still known"
settled
apt_install linux-image-cloud-amd64 linux-headers-cloud-amd64
installed blink 1.0 "$cloud" && settled
