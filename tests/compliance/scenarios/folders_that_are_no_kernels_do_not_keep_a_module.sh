quick blink 1.0
dkms build blink/1.0 -k "$K"
later sh -c "mkdir $TREE/blink/1.0/tarball $TREE/blink/1.0/rpm $TREE/blink/1.0/deb $TREE/blink/1.0/driver_disk; touch $TREE/blink/1.0/deb/x"
shows 0 dkms status
run 0 dkms remove blink/1.0 -k "$K"
hasnt "$TREE/blink"
shows 0 dkms status
