quick blink 1.0
run 0 dkms install blink/1.0 -k "$K" -k "$L"
is_status "$(printf 'blink/1.0, %s, x86_64: installed\n' "$L" "$K")"
run 0 dkms uninstall blink/1.0 -k "$K" -k "$L"
run 0 dkms install blink/1.0 -k "$K/$ARCH" -k "$L/$ARCH"
run 0 dkms unbuild blink/1.0 -k "$K" -k "$L" -a "$ARCH"
run 0 dkms build blink/1.0 -k "$K" -a "$ARCH" -k "$L" -a "$ARCH"
is_status "$(printf 'blink/1.0, %s, x86_64: built\n' "$L" "$K")"
run 0 dkms remove blink/1.0 -k "$K" -k "$L"
is_status ''
