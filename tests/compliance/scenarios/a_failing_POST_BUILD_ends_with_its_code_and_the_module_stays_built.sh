quick blink 1.0 'POST_BUILD="hook"'
script /usr/src/blink-1.0/hook 'exit 42'
run 42 dkms build blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
