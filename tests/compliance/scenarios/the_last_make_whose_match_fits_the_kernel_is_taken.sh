quick blink 1.0
sed -i '/^MAKE/d' /usr/src/blink-1.0/dkms.conf
cat >>/usr/src/blink-1.0/dkms.conf <<'END'
MAKE[0]="false"
MAKE[1]="cp /quick/$kernelver/two.ko blink.ko"
MAKE_MATCH[1]="cloud"
MAKE[2]="cp /quick/$kernelver/one.ko blink.ko"
MAKE_MATCH[2]="^5\."
END
run 0 dkms install blink/1.0 -k "$K"
version_is "$(at blink)" 2.0
run 10 dkms install blink/1.0 -k "$L"
