quick blink 1.0
dkms add blink/1.0
run 0 dkms remove blink/1.0 -k "$K"
is_status ''
quick blonk 1.0
dkms add blonk/1.0
run 0 dkms remove blonk/1.0
