quick blink 1.0
quick blonk 2.0
run 0 dkms add -m blink/1.0
run 0 dkms build -m blink -v 1.0 -k "$K"
run 0 dkms add -m blonk -v 2.0
run 0 dkms build -m blonk -k "$K"
run 1 dkms build -v 2.0 -k "$K"
run 0 dkms remove -m blink/1.0 --all
run 0 dkms remove blonk -v 2.0 --all
