quick blink 1.0
sed -i 's/$/\r/' /usr/src/blink-1.0/dkms.conf
run 0 dkms install blink/1.0 -k "$K"
has "$(at blink)"
