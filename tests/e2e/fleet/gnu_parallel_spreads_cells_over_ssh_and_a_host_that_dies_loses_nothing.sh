# root: parallel
# when: nightly
# at most: 900
. /e2e/inside.sh
. /e2e/fleet.sh
step 'two hosts that see one store: sshd on the loopback'
builder
loopback
mkdir -p /run/sshd ~/.ssh
chmod 700 ~/.ssh
ssh-keygen -A
ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys
for host in one:2201 two:2202 gone:2203; do
    printf 'Host %s\n HostName 127.0.0.1\n Port %s\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n' \
        "${host%:*}" "${host#*:}"
done >~/.ssh/config
for port in 2201 2202; do
    /usr/sbin/sshd -p "$port" -o PidFile="/run/sshd.$port" -o PermitRootLogin=yes -o PrintMotd=no
done
until_true ssh one true
until_true ssh two true

step 'one host dies while it builds, a third one was never there'
ends_with 0 matrix --jobs-for parallel
told '^/srv/store/jobs/matrix.parallel --sshlogin'
/srv/store/jobs/matrix.parallel -j 1 --sshlogin one,two,gone --joblog joblog >parallel.log 2>&1 &
parallel=$!
some_cells() { [ "$(cells)" -ge 1 ]; }
until_true some_cells
# All that descends from the second sshd, then itself.
descendants() { local child; for child in $(pgrep -P "$1"); do descendants "$child"; echo "$child"; done; }
sshd=$(cat /run/sshd.2202)
# shellcheck disable=SC2046 # numbers
kill -9 "$sshd" $(descendants "$sshd") || :
wait "$parallel" || { cat parallel.log; fail 'parallel gave up'; }
cat joblog
grep -q $'\tone\t' joblog || fail 'the first host did nothing'

step 'nothing was lost'
collected

step 'a job that runs twice changes nothing'
find /srv/store/cells -type f -exec sha256sum {} + | sort >before
/srv/store/jobs/matrix.parallel -j 2 --sshlogin one >again.log 2>&1
find /srv/store/cells -type f -exec sha256sum {} + | sort | diff before - || fail 'cells changed'
kill "$(cat /run/sshd.2201)"
