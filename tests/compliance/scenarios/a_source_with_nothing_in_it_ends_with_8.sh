mkdir /usr/src/blink-1.0
conf /usr/src/blink-1.0 blink 1.0
run 0 dkms add blink/1.0
run 8 dkms build blink/1.0 -k "$K"
