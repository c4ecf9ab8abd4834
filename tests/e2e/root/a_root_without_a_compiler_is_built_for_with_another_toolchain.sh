# when: nightly
# at most: 600
. /e2e/inside.sh
. /e2e/root.sh
second_root
install_ours
module_source blink 1.0
cp -a blink-1.0 /target/usr/src/
digest() { sha256sum <"$(find "/target/var/lib/dkms/blink/1.0/$KERNEL/x86_64/module" -name 'blink.ko*')"; }
# What builds and installations do not touch. (The lab's root, of which /target is a layer, has got our package since.)
target_state() {
    find /target -xdev \( -path /target/var/lib/dkms -o -path /target/usr/lib/modules -o -path /target/etc/kernel \) -prune \
        -o -printf '%p %s %T@\n' 2>/dev/null | sort
}
dkms_at() { dkms --root /target "$@"; }

step 'what its own compiler makes'
ends_with 0 dkms_at install blink/1.0
own=$(digest)
ends_with 0 dkms_at remove blink/1.0 --all
# Compilers go as one would leave them out of an image; headers stay.
in_target dpkg --purge --force-depends make gcc gcc-12 cpp-12 binutils binutils-x86-64-linux-gnu perl libc6-dev >/dev/null 2>&1 || true
for gone in make gcc gcc-12 ld; do ! in_target sh -c "command -v $gone" || fail "$gone is still in /target"; done
remember_host
target_state >/tmp/target

step 'without a toolchain it fails as ever'
ends_with 10 dkms_at build blink/1.0
told 'make'
ends_with 0 dkms_at remove blink/1.0 --all

step "with this host's: the same module"
ends_with 0 dkms_at install blink/1.0 --toolchain host
built_in_target blink "$KERNEL"
[ "$(digest)" = "$own" ] || fail 'other bytes than with its own compiler'
ends_with 0 dkms_at status
told "^blink/1.0, $KERNEL, x86_64: installed$"
ends_with 0 dkms_at reconcile --dry-run
told '^nothing to do|^leave'
ends_with 0 dkms_at check

step 'nothing else is left'
host_unchanged
target_state | diff /tmp/target - ||
    fail 'something of the toolchain is left in /target'
