quick blink 1.0
sed -i 's/^MAKE.*/MAKE="true"/' /usr/src/blink-1.0/dkms.conf
run 7 dkms build blink/1.0 -k "$K"
is_status 'blink/1.0: added'
