quick blink 1.0 'OBSOLETE_BY="6.1"'
run - dkms build blink/1.0 -k "$K"
run - dkms install blink/1.0 -k "$K"
quick later 1.0 'OBSOLETE_BY="7.1"'
run 0 dkms install later/1.0 -k "$K"
