# root: unattended
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/preflight.sh
usual_deb wink 1.0 1 hey
FAILS_ON=rt usual_deb blink 1.0 1 one
rt=$(apt-cache depends linux-headers-rt-amd64 | sed -n 's/^ *Depends: linux-headers-//p' | head -n 1)
# The package that follows the series, as an older release had it.
mkdir -p series/DEBIAN
printf '%s\n' 'Package: linux-headers-rt-amd64' 'Version: 1' 'Architecture: amd64' 'Maintainer: A <a@example.org>' 'Description: headers' >series/DEBIAN/control
dpkg-deb -Zgzip -z1 --root-owner-group -b series series.deb
echo 'Unattended-Upgrade::Origins-Pattern { "origin=*"; };' >/etc/apt/apt.conf.d/99every
install_ours
apt_install ./wink-dkms_1.0-1.deb ./blink-dkms_1.0-1.deb
without_rt() {
    apt_remove linux-headers-rt-amd64 "linux-headers-$rt" && rm -rf "/lib/modules/$rt"
    dkms reconcile
}

step 'an essential module would not build: told, and upgraded all the same'
settings 'preflight="strict"' 'essential_modules="blink"'
dpkg -i series.deb
ends_with 0 unattended-upgrade -v -d
! grep -q Traceback <<<"$output" || fail 'it broke off'
grep -q "blink/1.0 would not build for kernel $rt" /var/log/unattended-upgrades/*dpkg.log || fail 'not told'
grep -q 'this is unattended-upgrades, .* nothing is stopped' /var/log/unattended-upgrades/*dpkg.log || fail 'not told why it goes on'
[ -d "/usr/src/linux-headers-$rt" ] || fail 'not upgraded'
installed wink 1.0 "$rt"
without_rt

step 'apt itself is stopped'
ends_with 100 apt_install linux-headers-rt-amd64
without_rt

step 'little memory is free: not tried, and not stopped'
settings 'preflight="strict"' 'preflight_memory=99999999'
ends_with 0 apt_install linux-headers-rt-amd64
told 'whether blink/1.0 builds .* cannot be told: not tried: .*fewer than preflight_memory'
! grep -q 'before anything is unpacked' <<<"$output" || fail 'it was tried'
installed wink 1.0 "$rt"
without_rt

step 'on battery: not tried, and what is excluded is known all the same'
settings 'preflight="strict"'
mount -t tmpfs battery /sys/class/power_supply
mkdir /sys/class/power_supply/BAT0
echo Battery >/sys/class/power_supply/BAT0/type && echo Discharging >/sys/class/power_supply/BAT0/status
ends_with 0 apt_install linux-headers-rt-amd64
told 'not tried: this machine runs on battery'
without_rt
echo 'BUILD_EXCLUSIVE_KERNEL="^5\."' >>/usr/src/wink-1.0/dkms.conf
settings 'preflight="strict"' 'essential_modules="wink"'
ends_with 100 apt_install linux-headers-rt-amd64
told "kernel $rt would lack the essential wink"
