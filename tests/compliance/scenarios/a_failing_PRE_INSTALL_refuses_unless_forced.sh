quick blink 1.0 'PRE_INSTALL="hook"'
script /usr/src/blink-1.0/hook 'exit 42'
run 101 dkms install blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
run 0 dkms install blink/1.0 -k "$K" --force
is_status "blink/1.0, $K, $ARCH: installed"
