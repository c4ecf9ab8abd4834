. /e2e/inside.sh
install_ours
kernel=$(kernels | tail -n 1)
folder=/lib/modules/$kernel
module_source blink 1.0
cp -r blink-1.0 /usr/src/
# A module of the kernel's own, so that it is no kernel whose image has gone.
ends_with 0 dkms build blink/1.0 -k "$kernel"
mkdir -p "$folder/kernel"
cp "/var/lib/dkms/blink/1.0/$kernel/x86_64/module/blink.ko" "$folder/kernel/dummy.ko"
depmod "$kernel" 2>/dev/null

# Every call of the real one is noted.
cat >/usr/local/sbin/depmod <<'SCRIPT'
#!/bin/sh
echo "$*" >>/tmp/depmod
exec /usr/sbin/depmod "$@"
SCRIPT
chmod 755 /usr/local/sbin/depmod
called() { [ "$(cat /tmp/depmod 2>/dev/null)" = "$1" ] || fail "depmod was called so: $(cat /tmp/depmod)"; rm -f /tmp/depmod; }

step 'one call, without and with the System.map'
ends_with 0 dkms install blink/1.0 -k "$kernel"
called "-a $kernel"
installed blink 1.0 "$kernel"
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"
called "-a $kernel"
echo 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package' >"/boot/System.map-$kernel"
ends_with 0 dkms install blink/1.0 -k "$kernel"
called "-a -F /boot/System.map-$kernel $kernel"
installed blink 1.0 "$kernel"

step 'a kernel whose lists nobody has made yet is left to its package'
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"
rm -f "$folder"/modules.* /tmp/depmod
ends_with 0 dkms install blink/1.0 -k "$kernel"
[ ! -e /tmp/depmod ] || fail "depmod was called: $(cat /tmp/depmod)"
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"
[ -d "$folder/build/include" ] || fail 'the folder of the kernel is gone'
depmod "$kernel" 2>/dev/null

step 'no room for the lists, with which depmod ends with 0: everything is as before'
small() {
    mount -t tmpfs -o "size=1m,nr_inodes=$1" small "$folder"
    ln -s "/usr/src/linux-headers-$kernel" "$folder/build"
    echo 'extra/other.ko:' >"$folder/modules.dep"
    mkdir -p "$folder/extra"
    echo other >"$folder/extra/other.ko"
}
small 9
ends_with 6 dkms install blink/1.0 -k "$kernel"
told 'was taken back, as depmod failed: .* ended with exit code 0, but without writing modules'
status_is "blink/1.0, $kernel, x86_64: built"
[ -z "$(find "$folder/" -name 'blink*')" ] || fail 'the module is still there'
[ ! -e "$folder/updates" ] || fail 'a folder of ours is still there'
[ "$(cat "$folder/extra/other.ko")" = other ] || fail 'a module of others is gone'
mount -o remount,nr_inodes=1000 "$folder"
rm "$folder/extra/other.ko"
ends_with 0 dkms install blink/1.0 -k "$kernel"
installed blink 1.0 "$kernel"
umount "$folder"
ends_with 0 dkms remove blink/1.0 --all

step 'the image has gone, and what depmod made for our last module goes with it'
gone=6.0.1-gone-amd64
mkdir "/lib/modules/$gone"
ln -s "/usr/src/linux-headers-$kernel" "/lib/modules/$gone/build"
: >"/lib/modules/$gone/modules.dep"
ends_with 0 dkms install blink/1.0 -k "$gone"
[ -s "/lib/modules/$gone/modules.dep" ] || fail 'the module is not in the lists'
rm "/lib/modules/$gone/build"
ends_with 0 dkms kernel_prerm -k "$gone"
[ ! -e "/lib/modules/$gone" ] || fail "left: $(ls -A "/lib/modules/$gone")"

step 'a file of somebody else keeps the folder'
mkdir "/lib/modules/$gone"
ln -s "/usr/src/linux-headers-$kernel" "/lib/modules/$gone/build"
: >"/lib/modules/$gone/modules.dep"
ends_with 0 dkms install blink/1.0 -k "$gone"
rm "/lib/modules/$gone/build"
echo mine >"/lib/modules/$gone/note"
ends_with 0 dkms kernel_prerm -k "$gone"
[ "$(ls -A "/lib/modules/$gone")" = note ] || fail "left: $(ls -A "/lib/modules/$gone")"
