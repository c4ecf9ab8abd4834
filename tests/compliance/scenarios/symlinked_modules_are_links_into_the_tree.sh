quick blink 1.0
run 0 dkms install blink/1.0 -k "$K" --symlink-modules
links "$(at blink)" "$TREE/blink/1.0/$K/$ARCH/module/blink.ko"
shows 0 dkms status
run 0 dkms uninstall blink/1.0 -k "$K"
echo symlink_modules=true >/etc/dkms/framework.conf.d/links.conf
run 0 dkms install blink/1.0 -k "$K"
links "$(at blink)" "$TREE/blink/1.0/$K/$ARCH/module/blink.ko"
