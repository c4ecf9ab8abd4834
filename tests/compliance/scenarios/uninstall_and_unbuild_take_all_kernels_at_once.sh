quick blink 1.0
dkms install blink/1.0 -k "$K"
dkms install blink/1.0 -k "$L"
run 0 dkms uninstall blink/1.0 --all
is_status "$(printf 'blink/1.0, %s, x86_64: built\n' "$L" "$K")"
run 0 dkms install blink/1.0 -k "$L"
run 0 dkms unbuild blink/1.0 --all
is_status 'blink/1.0: added'
hasnt "$(at blink)" "$(at blink "$L")"
