# root: shell
# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
FAILING=yes usual_deb wink 1.0 1 hey
usual_deb blink 1.0 1 one
usual_deb wink 1.0 2 hey
unconfigured() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'linux-*' | grep -E '^.[^in ]' || :; }

kernel_with_a_failing_module() {
    local code=0
    apt_install linux-image-cloud-amd64 linux-headers-rt-amd64 || code=$?
    [ -z "$(unconfigured)" ] || fail "half configured (apt: $code): $(unconfigured)"
    [ "$code" -eq 0 ] || fail "apt ended with $code"
    installed blink 1.0
    grep -q update-initramfs /var/log/initramfs || fail 'no initramfs was made'
}

apt_install dkms
apt_install ./blink-dkms_1.0-1.deb
mkdir -p /usr/src && dpkg-deb -x wink-dkms_1.0-1.deb / && dkms add wink/1.0
original_fails kernel_with_a_failing_module
told 'FAILED: half configured \(apt: 100\)'

step 'ours'
dkms remove wink/1.0 --all || :
rm -rf /usr/src/wink-1.0
apt-get -q -y purge blink-dkms dkms linux-headers-rt-amd64 'linux-headers-6*-rt-amd64' 'linux-image-*' || :
dpkg --purge --force-all $(dpkg-query -W -f '${Package}\n' 'linux-image-*' 'linux-headers-*rt*' | sort -u) || :
rm -rf /var/lib/dkms /var/log/initramfs
install_ours
apt_install ./blink-dkms_1.0-1.deb ./wink-dkms_1.0-1.deb >told
cat told
! grep 'it is not built again' told || fail 'told twice in one transaction'
kernel_with_a_failing_module
settled wink/1.0
ends_with 2 dkms check
told 'wink'
run-parts /etc/update-motd.d >motd
[ "$(grep -c 'dkms why wink/1.0' motd)" -ge 1 ] || fail "who logs in is not told: $(cat motd)"

step 'the repaired one, and headers for every kernel'
apt_install linux-headers-cloud-amd64 ./wink-dkms_1.0-2.deb
installed wink 1.0 && settled
ends_with 0 dkms check
run-parts /etc/update-motd.d >motd
! grep dkms motd || fail 'who logs in is told although all is well'
