quick blink 1.0
echo 'DEST_MODULE_NAME[0]=one' >/etc/dkms/blink.conf
run 0 dkms install blink/1.0 -k "$K"
has "$(at one)"
run 0 dkms uninstall blink/1.0 -k "$K"
echo 'DEST_MODULE_NAME[0]=two' >/etc/dkms/blink-1.0.conf
echo 'DEST_MODULE_NAME[0]=three' >"/etc/dkms/blink-1.0-$L.conf"
run 0 dkms install blink/1.0 -k "$L"
has "$(at three "$L")"
run 0 dkms remove blink/1.0 --all
run 0 dkms install blink/1.0 -k "$K"
has "$(at two)"
echo 'DEST_MODULE_NAME[0]=four' >"/etc/dkms/blink-1.0-$K-$ARCH.conf"
run 0 dkms remove blink/1.0 --all
hasnt "$(at four)"
run 0 dkms install blink/1.0 -k "$K"
has "$(at four)"
