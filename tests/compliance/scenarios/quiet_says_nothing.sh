quick blink 1.0
run 0 dkms -q add blink/1.0
silent
run 0 dkms install -q blink/1.0 -k "$K"
silent
run 10 dkms build -q blink/1.0 -k "$L" --directive MAKE=false
silent
run 0 dkms remove --quiet blink/1.0 --all
silent
