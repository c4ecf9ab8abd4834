# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
usual_deb blink 1.0 1 one && usual_deb blink 1.1 1 two
apt_install ./blink-dkms_1.0-1.deb
# A name whose headers come without its image, or with it, as the release has it; and an image alone.
meta=linux-image-cloud-amd64
had_image=$(ls /boot/vmlinuz-*cloud* 2>/dev/null || :)

step 'image and headers in one go'
apt_install $meta linux-headers-rt-amd64
settled
image=$(dpkg-query -W -f '${Package}\n' 'linux-image-[0-9]*cloud*' | head -n 1)
cloud=${image#linux-image-}
[ -e "/boot/vmlinuz-$cloud" ] || fail 'no image'
installed blink 1.0 "$cloud"
[ -n "$had_image" ] || grep -q "$cloud" /var/log/initramfs || fail 'no initramfs was asked for'

step 'reinstall of the image: nothing is lost'
apt_install --reinstall "$image"
installed blink 1.0 "$cloud" && settled

step 'headers go: nobody calls'
apt-get -q -y remove "linux-headers-$cloud"
settled

step 'an image without headers: nothing can be built yet, and the package that is missing is named'
apt-get -q -y purge "$image"
ends_with 0 apt_install $meta
told "blink/1.0 for ${cloud//+/\\+}: waiting for linux-headers-${cloud//+/\\+}\$"
settled
before=$(dkms status 2>/dev/null)
ends_with 0 dkms status
told "waiting for linux-headers-${cloud//+/\\+}\$"
[ "$(grep -c waiting <<<"$before")" -eq 0 ] || fail 'a program that reads the states reads this, too'
ends_with 1 dkms check
dkms status --json | grep -qF "\"on\": \"linux-headers-$cloud\"" || fail 'not in the document'

step 'headers later'
apt_install "linux-headers-$cloud"
installed blink 1.0 "$cloud" && settled
ends_with 0 dkms check

step 'kernel and module in one go: the module comes last'
apt-get -q -y purge "$image" 'linux-headers-*rt*'
apt_install $meta linux-headers-rt-amd64 ./blink-dkms_1.1-1.deb
installed blink 1.1 && says blink two && settled
[ "$(dkms status -m blink | cut -d, -f1 | sort -u)" = blink/1.1 ] || fail 'another version is known'

step 'image removed and purged together with its headers'
apt-get -q -y purge "$image" "linux-headers-$cloud"
[ -z "$(dkms status -k "$cloud" | grep ', ')" ] || fail "$cloud is still known"
[ ! -e "/lib/modules/$cloud" ] || fail "leftovers: $(find "/lib/modules/$cloud" | head)"
settled

step 'the package goes'
apt_remove blink-dkms
gone blink && settled
