quick blink 1.0
run 0 dkms add blink/1.0
run 3 dkms add blink/1.0
says 'already'
is_status 'blink/1.0: added'
