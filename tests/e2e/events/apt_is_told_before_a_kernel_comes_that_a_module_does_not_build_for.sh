# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/preflight.sh
usual_deb wink 1.0 1 hey
FAILS_ON=rt usual_deb blink 1.0 1 one
usual_deb blink 1.1 1 mended
rt=$(apt-cache depends linux-headers-rt-amd64 | sed -n 's/^ *Depends: linux-headers-//p' | head -n 1)
said=${rt//+/[+]}
# What makes of a module are there for this kernel in the logs of builds that the tree has.
made() { find /var/lib/dkms/"$1"/*/"$rt" -name make.log 2>/dev/null; }
# All of the disk but caches, logs and what the test itself writes.
disk() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/cache -o -path /var/log -o -path /root \
        -o -path /var/lib/dkms/.finished -o -path /var/lib/dkms/.logs -o -path /var/lib/dkms/.lock \) -prune -o -type f -print0 |
        sort -z | xargs -0 sha256sum
}
install_ours
apt_install ./wink-dkms_1.0-1.deb ./blink-dkms_1.0-1.deb
installed blink 1.0 && installed wink 1.0

step 'nothing of ours comes: nothing is said, and at once'
ends_with 0 apt_install --reinstall file
! grep -q 'dkms' <<<"$output" || fail 'something was said'

step 'an essential module fails: apt stops, and nothing has changed'
settings 'essential_modules="blink"'
disk >/tmp/before
ends_with 100 apt_install linux-headers-rt-amd64
told "stopped before anything was unpacked: blink/1.0 would not build for kernel $said: .*no-such-file"
told 'apt-mark hold linux-headers-rt-amd64'
told 'DKMS_PREFLIGHT=off apt-get'
disk | diff /tmp/before - || fail 'something changed'
[ ! -e "/usr/src/linux-headers-$rt" ] || fail 'headers are there'

step 'a transaction with the mended module passes'
ends_with 0 apt-get -q -y -s install linux-headers-rt-amd64
ends_with 0 apt_install linux-headers-rt-amd64 ./blink-dkms_1.1-1.deb
! grep -q 'would not build' <<<"$output" || fail 'it was told'
installed blink 1.1 && installed wink 1.0
grep -q 'finished build from before' <<<"$output" || echo "built again: $output"

step 'the same, warned only'
apt_remove linux-headers-rt-amd64 "linux-headers-$rt" && rm -rf "/lib/modules/$rt"
dkms reconcile
apt_install --allow-downgrades ./blink-dkms_1.0-1.deb
settings 'preflight="warn"'
ends_with 0 apt_install linux-headers-rt-amd64
told "blink/1.0 would not build for kernel $said"
told 'building blink/1.0 for kernel .* failed: .*no-such-file.*preflight saw it, .*not compiled again'
[ "$(grep -c 'not compiled again' <<<"$output")" -eq 1 ] || fail 'told more than once'
grep -q no-such-file /var/lib/dkms/blink/1.0/build/make.log || fail 'its log is not there'
installed wink 1.0 "$rt"

step 'and off for one run'
apt_remove linux-headers-rt-amd64 "linux-headers-$rt" && rm -rf "/lib/modules/$rt"
settings 'preflight="strict"'
ends_with 100 apt_install linux-headers-rt-amd64
ends_with 0 env DKMS_PREFLIGHT=off apt-get -q -y install linux-headers-rt-amd64
! grep -q 'would not build' <<<"$output" || fail 'it was tried'

step 'a program that is gone or crashes stops nothing'
apt_remove linux-headers-rt-amd64 "linux-headers-$rt" && rm -rf "/lib/modules/$rt"
mv /usr/lib/dkms/event /usr/lib/dkms/event.away
printf '#!/bin/sh\nkill -SEGV $$\n' >/usr/lib/dkms/event && chmod 755 /usr/lib/dkms/event
ends_with 0 apt-get -q -y install --reinstall file linux-kbuild-6.1
rm /usr/lib/dkms/event
ends_with 0 apt-get -q -y install --reinstall file
mv /usr/lib/dkms/event.away /usr/lib/dkms/event
