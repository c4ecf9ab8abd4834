quick blink 1.0
run 0 dkms install blink/1.0 -k "$K" --no-depmod
has "$(at blink)"
holds_not "$MODULES/$K/modules.dep" 'blink'
run 0 dkms uninstall blink/1.0 -k "$K" --no-depmod
