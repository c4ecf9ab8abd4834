quick blink 1.0
run 0 dkms build blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
run 2 dkms build blonk/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
