quick blink 1.0
dkms add blink/1.0
sed 's/one.ko blink.ko/two.ko mine.ko/; s/BUILT_MODULE_NAME\[0\]="blink"/BUILT_MODULE_NAME[0]="mine"/' \
    /usr/src/blink-1.0/dkms.conf >/root/mine.conf
run 0 dkms build blink/1.0 -k "$K" -c /root/mine.conf
has "$TREE/blink/1.0/$K/$ARCH/module/mine.ko"
run 0 dkms install blink/1.0 -k "$K" -c /root/mine.conf
has "$(at mine)"
run - dkms uninstall blink/1.0 -k "$K" -c /root/mine.conf
run 0 dkms remove blink/1.0 --all
run 4 dkms build blink/1.0 -k "$K" -c /root/none.conf
