quick blink 1.0
run 21 dkms build blink/1.0 -k 6.0.0-absent
run 21 dkms install blink/1.0 -k 6.0.0-absent
says 'headers'
run 21 dkms build blink/1.0
run 21 dkms build blink/1.0 -k "$K" --kernelsourcedir /root
run 0 dkms build blink/1.0 -k 6.0.0-absent --kernelsourcedir "$MODULES/$K/build" --directive "MAKE=cp /quick/$K/one.ko blink.ko"
is_status "blink/1.0, 6.0.0-absent, $ARCH: built"
run 6 dkms install blink/1.0 -k 6.0.0-absent
