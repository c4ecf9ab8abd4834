quick blink 1.0
mv /usr/sbin/depmod /usr/sbin/depmod.real 2>/dev/null || mv /sbin/depmod /sbin/depmod.real
script /usr/sbin/depmod 'exit 1'
run 6 dkms install blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: built"
hasnt "$(at blink)"
