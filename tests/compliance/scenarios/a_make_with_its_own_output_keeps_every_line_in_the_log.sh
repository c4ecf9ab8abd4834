quick blink 1.0
sed -i 's/^MAKE\[0\]="/&echo to stdout; echo to stderr >\&2; /' /usr/src/blink-1.0/dkms.conf
run 0 dkms build blink/1.0 -k "$K"
holds "$TREE/blink/1.0/$K/$ARCH/log/make.log" 'to stdout'
holds "$TREE/blink/1.0/$K/$ARCH/log/make.log" 'to stderr'
