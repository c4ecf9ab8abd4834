# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
KVER=6.8.0-31-generic
install_ours
source_deb blink 1.0 1 one && source_deb blink 1.0 2 two && source_deb blink 2.0 1 three
usual_deb wink 3.1 1 hey && usual_deb wink 3.1 2 there
headers_deb $KVER && image_deb $KVER
dpkg -i linux-image-$KVER.deb linux-headers-$KVER.deb ./blink-dkms_1.0-1.deb
install='dpkg -i --force-downgrade'
stories 8128 10 \
    "$install ./blink-dkms_1.0-1.deb" "$install ./blink-dkms_1.0-2.deb" "$install ./blink-dkms_2.0-1.deb" 'dpkg -r blink-dkms' \
    "$install ./wink-dkms_3.1-1.deb" "$install ./wink-dkms_3.1-2.deb" 'dpkg -r wink-dkms' \
    "$install ./linux-image-$KVER.deb ./linux-headers-$KVER.deb" "$install ./linux-headers-$KVER.deb" \
    "dpkg -P linux-image-$KVER linux-headers-$KVER" "dpkg -P linux-headers-$KVER" "dpkg -r linux-image-$KVER"
