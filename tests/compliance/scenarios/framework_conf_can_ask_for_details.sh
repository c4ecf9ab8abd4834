quick blink 1.0
later mkdir -p /etc/dkms/framework.conf.d
later sh -c 'echo verbose=1 >/etc/dkms/framework.conf.d/details.conf'
run 0 dkms install blink/1.0 -k "$K"
says 'installed /lib/modules/.*/blink'
run 0 dkms remove blink/1.0 --all -q
silent
later rm /etc/dkms/framework.conf.d/details.conf
run 0 dkms install blink/1.0 -k "$K"
[ -z "$(grep -E 'installed /lib/modules' /tmp/out)" ] || fail 'details nobody asked for'
