. /e2e/inside.sh
. /e2e/root.sh
second_root
install_ours
module_source blink 1.0
cp -a blink-1.0 /tmp/
# Links of this root that would lead out of the other one.
mkdir -p /target/srv/dkms && rm -rf /target/var/lib/dkms && ln -s /srv/dkms /target/var/lib/dkms
mv /target/lib/modules /target/srv/modules && ln -s /srv/modules /target/usr/lib/modules
MODULES=/target/srv/modules
# An initramfs and its tools, which are not to be asked.
echo image >"/target/boot/initrd.img-$KERNEL"
printf '#!/bin/sh\necho "$0 $*" >>/var/log/asked\n' | tee /target/usr/bin/lsinitramfs >/target/usr/sbin/update-initramfs
chmod 755 /target/usr/bin/lsinitramfs /target/usr/sbin/update-initramfs
remember_host
export TMPDIR=/tmp

step 'what would be done, from that disk'
ends_with 0 dkms --root /target add /tmp/blink-1.0
[ "$(readlink /target/srv/dkms/blink/1.0/source)" = /usr/src/blink-1.0 ] || fail 'the link is not one of that root'
ends_with 0 dkms autoinstall --root /target --dry-run
told "build +blink/1.0 for $KERNEL \(x86_64\)"
ends_with 1 dkms --root /target check

step 'without -k: the kernels of that root that have headers'
ends_with 0 dkms --root /target autoinstall
built_in_target blink "$KERNEL"
ends_with 0 dkms --root=/target status
told "^blink/1.0, $KERNEL, x86_64: installed$"
ends_with 0 dkms --root /target check
[ -z "$(ls -A /target/dev)" ] && [ -z "$(ls -A /target/proc)" ] || fail 'devices or processes are left in /target'
[ ! -e /target/var/log/asked ] || fail "the initramfs was asked: $(cat /target/var/log/asked)"
[ -z "$(ls -A /target/tmp)" ] || fail "left in /target/tmp: $(ls -A /target/tmp)"
host_unchanged

step 'that root takes it for its own'
cp /packages/dkms /target/usr/sbin/dkms
[ "$(in_target dkms status)" = "blink/1.0, $KERNEL, x86_64: installed" ] || fail 'status differs inside'
ends_with 0 in_target dkms reconcile --dry-run
told '^nothing to do|^leave'
! grep -qE '^(add|build|install|adopt)' <<<"$output" || fail 'there is something to do inside'
rm /target/usr/sbin/dkms

step 'one by one, and away again'
ends_with 0 dkms --root /target uninstall blink/1.0
ends_with 0 dkms --root /target build blink/1.0 --force
ends_with 0 dkms --root /target install -m blink -v 1.0
built_in_target blink "$KERNEL"
ends_with 0 dkms --root /target remove blink/1.0
[ -z "$(dkms --root /target status)" ] || fail 'blink is still known'
[ -z "$(find /target/srv/modules -name 'blink.ko*')" ] || fail 'the module is still there'

step 'a source that a package of that root holds'
. /e2e/transactions.sh
(cd /tmp && source_deb blink 2.0 1 hello && mv deb-build/usr . && mv deb-build/DEBIAN/control /tmp/control)
printf 'Package: blink-dkms\nStatus: install ok installed\nVersion: 2.0-1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a source\n\n' >>/target/var/lib/dpkg/status
cp -a /tmp/usr/src/blink-2.0 /target/usr/src/
(cd /tmp && find usr | sed 's,^,/,') >/target/var/lib/dpkg/info/blink-dkms.list
ends_with 0 dkms --root /target reconcile
built_in_target blink "$KERNEL"
host_unchanged

step 'what is missing is named'
ends_with 21 dkms --root /target install blink/2.0 -k 5.0.0-none
told 'linux-headers-5.0.0-none'
mv /target/srv/modules /target/srv/elsewhere && mkdir /target/srv/modules
ends_with 21 dkms --root /target autoinstall
told 'there is no kernel in /target/srv/modules'
ends_with 2 dkms --root /nowhere status
host_unchanged
