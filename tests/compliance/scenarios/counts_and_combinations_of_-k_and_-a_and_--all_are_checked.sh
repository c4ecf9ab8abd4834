quick blink 1.0
dkms add blink/1.0
run 2 dkms build blink/1.0 --nonsense
run 2 dkms remove blink/1.0 -k "$K" --all
run 3 dkms remove blink/1.0 -a "$ARCH" --all
run 1 dkms build blink/1.0 -k "$K" -a x86_64 -a i686
run 1 dkms build blink/1.0 -k "$K" -k "$L" -k 6.9 -a x86_64 -a i686
run 5 dkms build blink/1.0 --all
run 5 dkms install blink/1.0 --all
run 5 dkms autoinstall --all
run 4 dkms autoinstall -k "$K" -k "$L"
run 4 dkms add build blink/1.0
run 1 dkms remove
run 1 dkms build
run 21 dkms install -m blink
run 1 dkms uninstall -v 1.0
run 1 dkms unbuild
is_status 'blink/1.0: added'
