# when: nightly
. /e2e/inside.sh
. /e2e/root.sh
second_root
mkdir -p /target/packages /target/repo
mount --bind /packages /target/packages
mount --bind /repo /target/repo
remember_host
# Packages are built and signed where the kernel wants signatures: a key would be made but for the chroot.
grep -q '^CONFIG_MODULE_SIG_HASH=' "$(readlink -f "/target/usr/src/linux-headers-$KERNEL")/include/config/auto.conf" || fail 'the kernel wants no signatures'

step 'apt in a chroot: a module package of Debian, and ours'
ends_with 0 in_target apt-get -q -y install /packages/dkms-rs.deb acpi-call-dkms
built_in_target acpi_call "$KERNEL"
[ "$(in_target dkms status)" = "acpi-call/1.2.2, $KERNEL, x86_64: installed" ] || fail 'another state'

step 'without -k: not the running kernel, which this root does not have'
(cd /target/root && module_source blink 1.0)
ends_with 0 in_target dkms install /root/blink-1.0
built_in_target blink "$KERNEL"
ends_with 0 in_target dkms remove blink/1.0
[ -z "$(in_target dkms status blink)" ] || fail 'blink is still known'

step 'without /proc it is taken for a chroot'
mount --rbind /dev /target/dev
ends_with 0 chroot /target dkms install blink/1.0 --verbose
umount -l /target/dev
built_in_target blink "$KERNEL"

step 'a tree that cannot be written: apt goes on, and the service at boot does the rest'
# shellcheck disable=SC2016 # expanded inside
ends_with 0 in_target sh -c 'mount --bind /var/lib/dkms /var/lib/dkms && mount -o remount,bind,ro /var/lib/dkms &&
    apt-get -q -y install bbswitch-dkms'
told 'dkms.service'
[ -z "$(find "/target/lib/modules/$KERNEL" -name 'bbswitch.ko*')" ] || fail 'it was built although its tree is read-only'
grep -qx 'ExecStart=/usr/lib/dkms/event start' /target/lib/systemd/system/dkms.service || fail 'the service does something else'
ends_with 0 in_target /usr/lib/dkms/event start
built_in_target bbswitch "$KERNEL"

step 'from outside: the same state, and nothing to do'
cp /packages/dkms /tmp/dkms
ends_with 0 /tmp/dkms --root /target check
host_unchanged

step 'a key is made when somebody asks for it'
echo try_sign_modules=true >/target/etc/dkms/framework.conf.d/sign.conf
ends_with 0 in_target dkms build blink/1.0 --force
[ -f /target/var/lib/dkms/mok.key ] || fail 'no key although try_sign_modules=true'
[ -n "$(modinfo -F signer "$(find /target/var/lib/dkms/blink -name 'blink.ko*')")" ] || fail 'not signed'

step 'the root boots: what it was given unsigned is signed by a key of its own, and not compiled again'
ends_with 0 in_target dkms remove blink/1.0
rm /target/etc/dkms/framework.conf.d/sign.conf /target/var/lib/dkms/mok.*
mv /target/usr/bin/make /target/usr/bin/make.away
# Its process 1 has this root, as that of a machine that runs from it.
# shellcheck disable=SC2016 # expanded inside
ends_with 0 unshare --mount --propagation private --pid --fork bash -euc '
    mount --rbind /dev /target/dev
    mount -t proc proc /target/proc
    chroot /target sh -c "exec </dev/null; /usr/lib/dkms/event start; exit \$?"' boot
mv /target/usr/bin/make.away /target/usr/bin/make
for module in acpi_call bbswitch; do
    [ -n "$(modinfo -F signer "$(find "/target/lib/modules/$KERNEL/updates" -name "$module.ko*")")" ] || fail "$module is not signed"
done
[ "$(stat -c %a /target/var/lib/dkms/mok.key)" = 600 ] || fail 'no key of its own'
