quick blink 1.0
sed -i 's/^MAKE.*/MAKE="echo some words; exit 3"/' /usr/src/blink-1.0/dkms.conf
run 10 dkms build blink/1.0 -k "$K"
is_status 'blink/1.0: added'
holds "$TREE/blink/1.0/build/make.log" 'some words'
run 10 dkms install blink/1.0 -k "$K"
run 0 dkms remove blink/1.0 --all
hasnt "$TREE/blink"
