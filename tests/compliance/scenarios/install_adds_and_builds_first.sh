quick blink 1.0
run 0 dkms install -m blink -v 1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: installed"
version_is "$(at blink)" 1.0
run 2 dkms install blonk/1.0 -k "$K"
