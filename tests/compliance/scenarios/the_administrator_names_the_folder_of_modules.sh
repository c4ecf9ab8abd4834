quick blink 1.0
run 0 env ADDON_MODULES_DIR=addon dkms install blink/1.0 -k "$K"
has "$MODULES/$K/addon/blink.ko"
run 0 env ADDON_MODULES_DIR=addon dkms uninstall blink/1.0 -k "$K"
hasnt "$MODULES/$K/addon"
later mkdir -p /etc/sysconfig
later sh -c 'echo ADDON_MODULES_DIR=weird/place >/etc/sysconfig/module-init-tools'
run 0 dkms install blink/1.0 -k "$K"
has "$MODULES/$K/weird/place/blink.ko"
shows 0 dkms status
run 0 dkms remove blink/1.0 --all
hasnt "$MODULES/$K/weird"
