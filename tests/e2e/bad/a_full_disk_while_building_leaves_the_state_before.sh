. /e2e/inside.sh
install_ours
kernel=$(kernels | tail -n 1)
module_source blink 1.0
cp -r blink-1.0 /usr/src/

for room in 16k 96k; do
    step "a tree with $room"
    mount -t tmpfs -o "size=$room" small /var/lib/dkms
    dkms add blink/1.0 || { umount /var/lib/dkms; continue; }
    code=0
    output=$(dkms install blink/1.0 -k "$kernel" 2>&1) || code=$?
    printf '%s\n(exit %s)\n' "$output" "$code"
    [ "$code" -ne 0 ] || fail "a build fits into $room: nothing was tested"
    [ "$code" -eq 78 ] || fail "not the code of a full disk: $code"
    told '[Nn]o space left|disk is full'
    status_is 'blink/1.0: added'
    [ -z "$(find /lib/modules/ -name 'blink.ko*')" ] || fail 'a file was installed'

    step 'with more room it goes on'
    mount -o remount,size=64m /var/lib/dkms
    dkms install blink/1.0 -k "$kernel"
    installed blink 1.0 "$kernel"
    dkms remove blink/1.0 --all
    umount /var/lib/dkms
done

step 'no room for the module: built, not installed'
dkms add blink/1.0
dkms build blink/1.0 -k "$kernel"
mkdir -p "/lib/modules/$kernel/updates"
mount -t tmpfs -o size=4k,nr_inodes=5 small "/lib/modules/$kernel/updates"
code=0
output=$(dkms install blink/1.0 -k "$kernel" 2>&1) || code=$?
printf '%s\n(exit %s)\n' "$output" "$code"
[ "$code" -eq 78 ] || fail "not the code of a full disk: $code"
told '[Nn]o space left|disk is full'
status_is "blink/1.0, $kernel, x86_64: built"
umount "/lib/modules/$kernel/updates"
dkms install blink/1.0 -k "$kernel"
installed blink 1.0 "$kernel"
