quick blink 1.0 'MAKE[0]="cp /quick/*-cloud-amd64/one.ko blink.ko"'
run - dkms build blink/1.0 -k odd --kernelsourcedir "$MODULES/$K/build"
shows 0 dkms status
shows 0 dkms status -k odd
shows 0 dkms status -k 'o*'
run 0 dkms build blink/1.0 -k "$K"
shows 0 dkms status blink/1.0
shows 0 dkms status -m 'bl*' -a 'x86*'
shows 0 dkms status -m blink -v '2*'
shows 0 dkms status -m blink -k "$K" -k "$L"
run - dkms remove blink/1.0 -k odd
run 0 dkms remove blink/1.0 --all
