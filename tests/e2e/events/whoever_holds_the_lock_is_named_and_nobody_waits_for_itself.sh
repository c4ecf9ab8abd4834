# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
without_rooms
read -r first second < <(kernels | xargs)
usual_deb blink 1.0 1 one && source_deb wink 3.1 1 hey
module_source slow 1.0 && echo 'PRE_BUILD="wait.sh"' >>slow-1.0/dkms.conf
printf '#!/bin/sh\ntouch /tmp/building; while [ ! -e /tmp/go-on ]; do sleep 0.1; done\n' >slow-1.0/wait.sh
chmod 755 slow-1.0/wait.sh && mv slow-1.0 /usr/src/

step "an administrator's dkms while apt runs: apt waits, says for whom, and both get what they want"
dkms install slow/1.0 -k "$first" >/tmp/slow.log 2>&1 &
timeout 20 sh -c 'while [ ! -e /tmp/building ]; do sleep 0.1; done' || fail "$(cat /tmp/slow.log)"
(sleep 3; touch /tmp/go-on) &
ends_with 0 apt_install ./blink-dkms_1.0-1.deb
told 'waiting for another dkms \(process [0-9]+: .*dkms install slow/1.0'
wait
installed blink 1.0
installed slow 1.0 "$first"

step 'status of one holds nothing that remove of another waits for'
dkms status -m blink | while IFS=', ' read -r id kernel _; do
    timeout 60 dkms remove "$id" -k "$kernel" </dev/null || fail "remove for $kernel"
done
! dkms status -m blink | grep -q ', ' || fail 'builds remain'

step 'status answers while the lock is held'
rm -f /tmp/building /tmp/go-on
dkms unbuild slow/1.0 -k "$second"
dkms install slow/1.0 -k "$second" >/tmp/slow.log 2>&1 &
timeout 20 sh -c 'while [ ! -e /tmp/building ]; do sleep 0.1; done' || fail "$(cat /tmp/slow.log)"
ends_with 0 timeout 5 dkms status
touch /tmp/go-on
wait
dkms remove slow/1.0 --all && rm -rf /usr/src/slow-1.0 /tmp/building /tmp/go-on /tmp/slow.log
apt-get -q -y purge blink-dkms

step 'two package managers at once'
source_rpm rink 2.0 1 there
rpm -U /packages/distribution.rpm
apt_install ./wink-dkms_3.1-1.deb >/tmp/apt.log 2>&1 &
rpm -i --nodeps rink-dkms-2.0-1.rpm
wait
cat /tmp/apt.log && rm /tmp/apt.log
apt_install --reinstall /packages/dkms-rs.deb
installed wink 3.1 && installed rink 2.0 && settled
