quick blink 1.0
mv /usr/src/blink-1.0/dkms.conf /root/other.conf
touch /usr/src/blink-1.0/more
run 4 dkms add blink/1.0
run 0 dkms add blink/1.0 -c /root/other.conf
run 0 dkms build blink/1.0 -c /root/other.conf -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
