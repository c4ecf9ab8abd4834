quick blink 1.0
run 0 dkms build blink/1.0 -k "$K"
run 0 dkms build blink/1.0 -k "$K"
says 'already'
run 0 dkms install blink/1.0 -k "$K"
run 0 dkms install blink/1.0 -k "$K"
says 'already'
run 0 dkms build blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: installed"
