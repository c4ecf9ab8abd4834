# when: nightly
. /e2e/inside.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src/
kernel=$(kernels | sed -n 1p)
# This root once more, with nothing mounted in it.
mkdir /bare
mount --bind / /bare
find /bare/dev -mindepth 1 -delete
[ ! -e /bare/proc/self ] || fail '/proc is there'

step 'without /dev/null'
ends_with 74 chroot /bare dkms install blink/1.0 -k "$kernel"
told '^dkms: error: blink/1.0 is not built: /dev/null is not a device here$'
told '  hint: from outside of this chroot: `mount --rbind /dev FOLDER/dev`'
ends_with 0 chroot /bare /usr/lib/dkms/event kernel postinst "$kernel"
told '/dev/null is not a device here'
ends_with 11 chroot /bare dkms autoinstall -k "$kernel"
told '/dev/null is not a device here'

step 'a plain file of that name is none'
: >/bare/dev/null
ends_with 74 chroot /bare dkms build blink/1.0 -k "$kernel"
[ ! -s /bare/dev/null ] || fail 'something was written into it'
rm /bare/dev/null

step 'with it, and without /proc: by the event itself, since no module was at fault'
# As the hint has it; a lab has no sense of what else is mounted there.
mount --rbind /dev /bare/dev
ends_with 0 chroot /bare /usr/lib/dkms/event kernel postinst "$kernel"
told 'installing blink/1.0 .*: done'
umount -l /bare/dev
ends_with 0 chroot /bare dkms status
told "^blink/1.0, ${kernel//+/[+]}, x86_64: installed$"
