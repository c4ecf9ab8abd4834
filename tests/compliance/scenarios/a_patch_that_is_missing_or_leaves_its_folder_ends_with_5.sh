quick blink 1.0 'PATCH[0]="absent.patch"'
run 5 dkms build blink/1.0 -k "$K"
quick blonk 1.0 'PATCH[0]="../evil.patch"'
touch /usr/src/blonk-1.0/evil.patch
mkdir /usr/src/blonk-1.0/patches
run 5 dkms build blonk/1.0 -k "$K"
