quick blink 1.0 'PRE_INSTALL="hook"'
script /usr/src/blink-1.0/hook 'echo source >>/tmp/told'
mkdir -p /etc/dkms/blink
script /etc/dkms/blink/hook 'echo etc >>/tmp/told'
run 0 dkms install blink/1.0 -k "$K"
shows 0 cat /tmp/told
printed etc
