quick blink 1.0
quick blink 2.0
run 0 dkms install blink/1.0 -k "$K"
run 0 dkms install blink/2.0 -k "$K"
is_status "$(printf '%s\n' "blink/1.0, $K, $ARCH: built" "blink/2.0, $K, $ARCH: installed")"
version_is "$(at blink)" 2.0
run 6 dkms install blink/1.0 -k "$K"
version_is "$(at blink)" 2.0
run 0 dkms install blink/1.0 -k "$K" --force
version_is "$(at blink)" 1.0
is_status "$(printf '%s\n' "blink/1.0, $K, $ARCH: installed" "blink/2.0, $K, $ARCH: built")"
run 0 dkms uninstall blink/2.0 -k "$K"
has "$(at blink)"
run 0 dkms remove blink/2.0 --all
is_status "blink/1.0, $K, $ARCH: installed"
