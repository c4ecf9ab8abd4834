# root: initramfs
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# dracut without the other maker; an image is small when nothing of the machine is looked for.
rm -f /usr/sbin/update-initramfs /usr/bin/lsinitramfs
mv /usr/bin/dracut /usr/bin/dracut.real
cat >/usr/bin/dracut <<'END'
#!/bin/sh
echo "$*" >>/root/calls
exec /usr/bin/dracut.real "$@"
END
chmod 755 /usr/bin/dracut
printf '%s\n' 'hostonly=no' 'dracutmodules="base kernel-modules"' 'filesystems=""' 'compress=cat' 'force_drivers+=" blink "' >/etc/dracut.conf.d/small.conf
read -r first second < <(kernels | xargs)
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
tarball blink 1.0 one && dkms mkrpm blink-1.0.tar.gz --output one.rpm
tarball blink 1.0 two && dkms mkrpm blink-1.0.tar.gz --release 2 --output two.rpm
source_rpm wink 1.0 1 hey && source_rpm wink 1.0 2 hello
rpm -i one.rpm wink-dkms-1.0-1.rpm
installed blink 1.0
[ ! -e /root/calls ] || fail 'an initramfs was made where there is none'
image=/boot/initramfs-$first.img
depmod "$first"
/usr/bin/dracut.real --force --kver "$first" "$image"
lsinitrd "$image" | grep '/blink[.]ko' || fail 'the initramfs of this test lacks its module'

step 'a package with scriptlets and one without: once, and only for the kernel that has one'
ends_with 0 rpm -U two.rpm wink-dkms-1.0-2.rpm
told "initramfs of $first made anew: the initramfs holds blink"
diff <(echo "--force --kver $first $image") /root/calls || fail 'other calls of dracut'
rm /root/calls
rm -rf unpacked && mkdir unpacked && (cd unpacked && lsinitrd --unpack "$image" >/dev/null 2>&1)
[ "$(modinfo -F description "$(find unpacked -name 'blink.ko*')")" = 'says two' ] || fail 'the old module is in the initramfs'
settled

step 'its package goes'
ends_with 0 rpm -e blink-dkms
diff <(echo "--force --kver $first $image") /root/calls || fail 'other calls of dracut'
settled
