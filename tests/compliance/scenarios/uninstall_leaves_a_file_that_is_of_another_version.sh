quick blink 1.0
dkms install blink/1.0 -k "$K"
later cp /quick/$K/two.ko "$(at blink)"
run 0 dkms uninstall blink/1.0 -k "$K"
version_is "$(at blink)" 2.0
is_status "blink/1.0, $K, $ARCH: built"
