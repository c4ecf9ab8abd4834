quick blink 1.0
run 0 dkms install blink/1.0 -k "$K"
quick blonk 1.0 'STRIP="no"'
run 0 dkms install blonk/1.0 -k "$K"
