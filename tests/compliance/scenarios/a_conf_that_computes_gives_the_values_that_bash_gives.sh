# Conditionals, loops, functions, command substitution; and values are evaluated a second time when they are read back.
quick blink 1.0
sed -i '/^MAKE/d' /usr/src/blink-1.0/dkms.conf
cat >>/usr/src/blink-1.0/dkms.conf <<'END'
which() { echo "$1"; }
if [[ $kernelver == *cloud* ]]; then file=two; else file=one; fi
for word in a b; do last=$word; done
BUILT_MODULE_NAME[0]=$(which blink)
DEST_MODULE_NAME[0]="blink_$last"
MAKE[0]='cp /quick/$kernelver/'$file'.ko blink.ko'
END
run 0 dkms install blink/1.0 -k "$K"
version_is "$(at blink_b)" 2.0
run 0 dkms install blink/1.0 -k "$L"
version_is "$(at blink_b "$L")" 1.0
