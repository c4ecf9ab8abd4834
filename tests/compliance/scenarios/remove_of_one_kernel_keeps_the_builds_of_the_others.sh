quick blink 1.0
dkms install blink/1.0 -k "$K"
dkms install blink/1.0 -k "$L"
run 0 dkms remove blink/1.0 -k "$K"
is_status "blink/1.0, $L, $ARCH: installed"
hasnt "$(at blink)" "$TREE/blink/kernel-$K-$ARCH"
has "$(at blink "$L")"
run 0 dkms remove blink/1.0 -k "$L"
is_status ''
hasnt "$TREE/blink"
has /usr/src/blink-1.0/dkms.conf
