quick blink 1.0
dkms build blink/1.0 -k "$K"
later rm "$TREE/blink/1.0/source"
shows 0 dkms status
printed 'blink/1.0: broken'
run 4 dkms install blink/1.0 -k "$K"
run 0 dkms add blink/1.0
is_status "blink/1.0, $K, $ARCH: built"
run 0 dkms install blink/1.0 -k "$K"
