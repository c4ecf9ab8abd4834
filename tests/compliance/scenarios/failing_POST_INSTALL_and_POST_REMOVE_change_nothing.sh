quick blink 1.0 'POST_INSTALL="hook"
POST_REMOVE="hook"'
script /usr/src/blink-1.0/hook 'exit 42'
run 0 dkms install blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: installed"
run 0 dkms uninstall blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
