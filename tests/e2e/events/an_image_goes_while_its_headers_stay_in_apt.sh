# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
usual_deb blink 1.0 1 one
apt_install ./blink-dkms_1.0-1.deb linux-image-cloud-amd64 linux-headers-cloud-amd64
image=$(dpkg-query -W -f '${Package}\n' 'linux-image-[0-9]*cloud*' | head -n 1)
cloud=${image#linux-image-}
installed blink 1.0 "$cloud" && settled

step 'removed: what is in /lib/modules remains with the headers, and so does the module'
apt-get -q -y remove "$image"
[ -e "/lib/modules/$cloud/build" ] || fail 'its headers went, too'
settled

step 'purged'
apt-get -q -y purge "$image"
settled

step 'installed anew, and again'
apt_install "$image"
installed blink 1.0 "$cloud" && settled
apt_install --reinstall "$image" "linux-headers-$cloud"
installed blink 1.0 "$cloud" && settled

step 'an image hook of an older release, which reads status and removes while it reads'
cat >/etc/kernel/prerm.d/dkms <<'END2'
#!/bin/sh
[ -x /usr/lib/dkms/event ] || exit 0
dkms status -k "$1" | while IFS=',:' read -r id kernel arch rest; do
    [ -z "$rest" ] || timeout 60 dkms remove "$id" -k "${kernel# }" </dev/null || exit 1
done
END2
ends_with 0 apt-get -q -y purge "$image" "linux-headers-$cloud"
[ -z "$(dkms status -k "$cloud" | grep ', ')" ] || fail "$cloud is still known"
settled
