quick blink 1.0
run 21 dkms build blink/1.0 -k 6.0.0-absent -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
run 21 dkms build blink/1.0 -k "$L" -k 6.0.0-absent
run 21 dkms install blink/1.0 -k 6.0.0-absent -k "$L"
