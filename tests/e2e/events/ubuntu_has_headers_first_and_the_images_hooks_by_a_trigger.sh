# when: nightly
# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
KVER=6.8.0-31-generic
install_ours
usual_deb blink 1.0 1 one && usual_deb blink 1.1 1 two
headers_deb $KVER && image_deb $KVER late
apt_install ./blink-dkms_1.0-1.deb
# Hooks that come after ours note what an initramfs would find.
for phase in postinst header_postinst; do
    mkdir -p /etc/kernel/$phase.d
    printf '#!/bin/sh\necho "%s: $(find /lib/modules/$1/ -name "blink.ko*" | wc -l)" >>/root/order\n' $phase >/etc/kernel/$phase.d/zz-note
    chmod 755 /etc/kernel/$phase.d/zz-note
done
order_is() { printf '%s\n' "$@" | diff /root/order - || fail 'another order'; rm /root/order; }

step 'image and headers in one go'
ends_with 0 dpkg -i linux-image-$KVER.deb linux-headers-$KVER.deb
order_is 'header_postinst: 1' 'postinst: 1'
installed blink 1.0 $KVER && settled

step 'the image goes, its headers stay; it comes again'
ends_with 0 dpkg -r linux-image-$KVER
settled
dpkg -i linux-image-$KVER.deb
installed blink 1.0 $KVER && settled
dpkg -i linux-image-$KVER.deb
installed blink 1.0 $KVER && settled

step 'all of it goes'
dpkg -P linux-image-$KVER linux-headers-$KVER
[ ! -e /lib/modules/$KVER ] || fail "leftovers: $(find /lib/modules/$KVER)"
settled
rm -f /root/order

step "a new release takes the module out first, its kernels' hooks run with nothing registered, it comes back last"
dpkg --unpack blink-dkms_1.1-1.deb
[ -z "$(dkms status -m blink)" ] || fail 'the old prerm takes it out'
ends_with 0 dpkg -i linux-headers-$KVER.deb linux-image-$KVER.deb
ends_with 0 dpkg --configure -a
installed blink 1.1 && says blink two && settled
