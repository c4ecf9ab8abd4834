# when: nightly
# at most: 900
. /e2e/inside.sh
. /e2e/fleet.sh
step 'a run that is killed when the first cells are done'
builder
setsid dkms mkmatrix ./blink-1.0.tar.gz ./wink-1.0.tar.gz ./fussy-1.0.tar.gz --kernels '6.1.0-*' --store /srv/store -o fleet >killed.log 2>&1 &
killed=$!
some_cells() { [ "$(cells)" -ge 3 ]; }
until_true some_cells
sleep 1
kill -9 -- "-$killed"
wait "$killed" || :
done_before=$(cells)
[ "$done_before" -lt 9 ] || fail 'it was done before it was killed'
[ ! -e fleet/InRelease ] || fail 'a repository was made'
find /srv/store/cells -type f -exec sha256sum {} + | sort >before

step 'the same command goes on'
ends_with 2 matrix
told '^blink/1.0 .*='
[ "$(cells)" -eq 9 ] || fail 'cells are missing'
find /srv/store/cells -type f -exec sha256sum {} + | sort | comm -23 before - | grep . && fail 'cells changed that were done'
[ -z "$(find /var/tmp -name 'dkms.*')" ] || fail 'what the killed run left is still there'
collected
sha256sum /srv/store/cells/*/module/*.ko* >modules

step 'make: every cell is a target, and again costs nothing'
rm -rf /srv/store/cells fleet
ends_with 0 matrix --jobs-for make
told '^make -f /srv/store/jobs/matrix.mk'
ends_with 0 make -f /srv/store/jobs/matrix.mk -k -j 2
told 'fussy/1.0 for 6.1.0-50-cloud-amd64: fails'
collected
sha256sum -c --quiet modules || fail 'what was built a second time has other bytes'
ends_with 0 make -f /srv/store/jobs/matrix.mk -k -j 2
! grep '^building' <<<"$output" || fail 'something was built'
ends_with 0 matrix --jobs-for make
told 'no cell is to be built'

step 'a host with another compiler builds nothing'
rm -rf /srv/store/cells
ends_with 0 matrix --jobs-for make
mv /usr/bin/x86_64-linux-gnu-gcc-12 /usr/bin/x86_64-linux-gnu-gcc-12.real
printf '#!/bin/sh\n[ "$1" != --version ] || { echo "gcc-12 of somebody else"; exit; }\nexec /usr/bin/x86_64-linux-gnu-gcc-12.real "$@"\n' >/usr/bin/x86_64-linux-gnu-gcc-12
chmod 755 /usr/bin/x86_64-linux-gnu-gcc-12
ends_with 2 make -f /srv/store/jobs/matrix.mk -k
told 'compiler and linker: gcc-12 .* is wanted, here it is gcc-12 of somebody else'
[ "$(cells)" -eq 0 ] || fail 'something was built'
