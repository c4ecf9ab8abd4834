quick blink 1.0
run 0 dkms install blink/1.0 -k "$K"
modinfo -F sig_hashalgo "$(at blink)" | grep -q sha256 || fail 'not signed'
run 0 dkms remove blink/1.0 --all
echo 'sign_file=/bin/false' >/etc/dkms/framework.conf.d/sign.conf
run 0 dkms install blink/1.0 -k "$K"
[ -z "$(modinfo -F sig_hashalgo "$(at blink)")" ] || fail signed
