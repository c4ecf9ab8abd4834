. /e2e/inside.sh
. /e2e/transactions.sh
usual_deb wink 1.0 1 hey
FAILS_ON=rt usual_deb blink 1.0 1 one
# The package that follows the series, as an older release had it.
mkdir -p series/DEBIAN
printf '%s\n' 'Package: linux-headers-rt-amd64' 'Version: 1' 'Architecture: amd64' 'Maintainer: A <a@example.org>' 'Description: headers' >series/DEBIAN/control
dpkg-deb -Zgzip -z1 --root-owner-group -b series series.deb
install_ours
apt_install ./wink-dkms_1.0-1.deb ./blink-dkms_1.0-1.deb

step 'nothing is going to come'
ends_with 0 dkms preflight --from-repos
told 'no module is to be built'

step 'a kernel is, for which one of two modules does not build'
dpkg -i series.deb
remember
ends_with 2 dkms preflight --from-repos
told 'blink/1.0 for .*-rt-amd64 .*: fails: '
told 'wink/1.0 for .*-rt-amd64 .*: builds$'
unchanged
[ -z "$(find /var/tmp -mindepth 1)" ] || fail 'something stays in /var/tmp'

step 'the timer is there, and off'
[ -f /lib/systemd/system/dkms-preflight.timer ] || fail 'no timer'
[ -z "$(find /etc/systemd/system -name 'dkms-preflight*')" ] || fail 'it is on'
