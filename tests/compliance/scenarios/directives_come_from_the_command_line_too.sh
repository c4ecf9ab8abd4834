# Index 0 only, and after everything else.
quick blink 1.0
run 0 dkms install blink/1.0 -k "$K" --directive 'DEST_MODULE_NAME=other' --directive="MAKE=cp /quick/$K/two.ko blink.ko"
has "$(at other)"
version_is "$(at other)" 2.0
