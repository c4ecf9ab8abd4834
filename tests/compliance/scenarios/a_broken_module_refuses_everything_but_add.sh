# Broken: the version's folder exists, its source link dangles or is missing. The original refuses to take it away, too; here
# it goes by what is recorded (tests/cli/installed.rs).
quick blink 1.0
quick blonk 1.0
dkms install blink/1.0 -k "$K"
dkms build blonk/1.0 -k "$K"
later rm -r /usr/src/blink-1.0
shows 0 dkms status
printed "$(printf '%s\n' 'blink/1.0: broken' "blonk/1.0, $K, $ARCH: built")"
run 4 dkms build blink/1.0 -k "$L"
run 4 dkms install blink/1.0 -k "$K"
run 0 dkms install blonk/1.0 -k "$K"
has "$(at blink)"
quick blink 1.0
changes quietly
shows 0 dkms status
