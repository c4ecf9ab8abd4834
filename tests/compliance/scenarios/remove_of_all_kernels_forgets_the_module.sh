quick blink 1.0
quick blink 2.0
dkms install blink/1.0 -k "$K"
dkms build blink/1.0 -k "$L"
dkms add blink/2.0
run 0 dkms remove blink/1.0 --all
is_status 'blink/2.0: added'
hasnt "$(at blink)" "$TREE/blink/1.0"
run 0 dkms remove -m blink -v 2.0 --all
hasnt "$TREE/blink"
