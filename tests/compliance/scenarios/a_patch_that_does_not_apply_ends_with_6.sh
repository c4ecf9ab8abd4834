quick blink 1.0 'PATCH[0]="wrong.patch"'
mkdir /usr/src/blink-1.0/patches
printf '%s\n' '--- a/README' '+++ b/README' '@@ -1 +1 @@' '-something else' '+new words' >/usr/src/blink-1.0/patches/wrong.patch
run 6 dkms build blink/1.0 -k "$K"
is_status 'blink/1.0: added'
