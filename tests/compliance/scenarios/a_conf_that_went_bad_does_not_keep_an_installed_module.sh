quick blink 1.0
dkms install blink/1.0 -k "$K"
later bash -c 'echo AUTOINSTALL=perhaps >>/usr/src/blink-1.0/dkms.conf'
run 8 dkms build blink/1.0 -k "$L"
run 0 dkms uninstall blink/1.0 -k "$K"
hasnt "$(at blink)"
run 0 dkms remove blink/1.0 --all
is_status ''
