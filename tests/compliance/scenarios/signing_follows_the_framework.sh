mkdir -p /etc/dkms/framework.conf.d /opt/keys
quick blink 1.0
openssl req -new -x509 -nodes -days 36500 -subj /CN=mine -newkey rsa:2048 -keyout "/opt/keys/$K.key" \
    -outform DER -out "/opt/keys/$K.der" 2>/dev/null
signer() { modinfo -F signer "$(at blink)"; }
printf '%s\n' 'mok_signing_key="/opt/keys/$kernelver.key"' 'mok_certificate="/opt/keys/$kernelver.der"' \
    >/etc/dkms/framework.conf.d/keys.conf
run 0 dkms install blink/1.0 -k "$K"
shows 0 signer
run 0 dkms remove blink/1.0 --all
later sh -c 'echo sign_file=/bin/false >/etc/dkms/framework.conf.d/program.conf'
run 0 dkms install blink/1.0 -k "$K"
shows 0 signer
run 0 dkms remove blink/1.0 --all
later sh -c 'echo sign_file=/nowhere >/etc/dkms/framework.conf.d/program.conf'
run 0 dkms install blink/1.0 -k "$K"
shows 0 signer
run 0 dkms remove blink/1.0 --all
later rm /etc/dkms/framework.conf.d/program.conf
later sh -c 'echo mok_certificate=/no/folder/cert.der >/etc/dkms/framework.conf.d/z.conf'
run 0 dkms install blink/1.0 -k "$K"
shows 0 signer
hasnt /no/folder
