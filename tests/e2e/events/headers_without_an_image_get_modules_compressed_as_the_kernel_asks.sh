# root: shell
# also: trixie
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# Debian's next release has the headers of a kernel without its image: no module of the image is there to look at, and the
# kernel's configuration says how modules are compressed.
KVER=6.99.0-sid-amd64
usual_deb blink 1.0 1 one
headers_deb $KVER

headers_only() {
    apt_install ./blink-dkms_1.0-1.deb ./linux-headers-$KVER.deb
    [ "$(ls /lib/modules/$KVER)" = build ] || [ -f "$(module_files blink $KVER)" ] || fail "no module"
    [[ $(module_files blink $KVER) == *.ko.xz ]] || fail "not compressed: $(module_files blink $KVER)"
    settled
}

apt_install dkms
original_fails headers_only
told 'FAILED: not compressed'

step 'ours'
apt-get -q -y purge blink-dkms dkms linux-headers-$KVER
rm -rf /var/lib/dkms /lib/modules/$KVER
install_ours
headers_only

step 'the headers go: nobody calls, and what is there stays or goes with them'
apt-get -q -y purge linux-headers-$KVER
settled
