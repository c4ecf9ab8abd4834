quick blink 1.0
run 3 dkms uninstall blink/1.0 -k "$K"
run 3 dkms unbuild blink/1.0 -k "$K"
run 3 dkms remove blink/1.0 -k "$K"
run 3 dkms remove blink/1.0 --all
run 0 dkms add blink/1.0
run 0 dkms uninstall blink/1.0 -k "$K"
run 0 dkms unbuild blink/1.0 -k "$K"
run 0 dkms build blink/1.0 -k "$K"
run 0 dkms uninstall blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
run 0 dkms unbuild blink/1.0 -k "$L"
is_status "blink/1.0, $K, $ARCH: built"
