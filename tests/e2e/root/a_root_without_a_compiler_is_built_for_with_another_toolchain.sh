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
        -o \( -type d -printf '%p\n' -o -printf '%p %s %T@\n' \) 2>/dev/null | sort
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
told 'make: command not found'
told '`--toolchain host` takes this host'
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

step 'another root of make, compiler and libraries, and not one folder for kernels and sources'
mkdir -p /tools/usr /tools/etc
cp -a /usr/bin /usr/sbin /usr/lib /usr/lib64 /tools/usr/
rm -rf /tools/usr/lib/{modules,linux-kbuild-*,os-release}
cp -a /bin /sbin /lib /lib64 /tools/
cp -a /etc/alternatives /etc/ld.so.cache /tools/etc/
find /tools -printf '%p %i %s %C@\n' | sort >/tmp/tools
ends_with 0 dkms_at remove blink/1.0 --all
ends_with 0 dkms_at build blink/1.0 --toolchain /tools --verbose
told 'make and compilers are those of /tools'
[ "$(digest)" = "$own" ] || fail 'other bytes than with its own compiler'
find /tools -printf '%p %i %s %C@\n' | sort | diff /tmp/tools - || fail 'the toolchain was changed'

step 'in weaker rooms and in none'
mkdir -p /target/etc/dkms/framework.conf.d
for room in user none; do
    echo "room=$room" >/target/etc/dkms/framework.conf.d/room.conf
    ends_with 0 dkms_at build blink/1.0 --toolchain /tools --force
    [ "$(digest)" = "$own" ] || fail "other bytes in a room of level $room"
    find /tools -printf '%p %i %s %C@\n' | sort | diff /tmp/tools - || fail 'the toolchain was changed'
done
rm /target/etc/dkms/framework.conf.d/room.conf

step 'killed in the middle'
mkdir -p /target/usr/src/slow-1
cp blink-1.0/* /target/usr/src/slow-1/
sed -i 's/blink/slow/g; s/1\.0/1/' /target/usr/src/slow-1/dkms.conf
mv /target/usr/src/slow-1/blink.c /target/usr/src/slow-1/slow.c
sed -i 's/blink/slow/g' /target/usr/src/slow-1/Makefile
printf 'PRE_BUILD="wait.sh"\n' >>/target/usr/src/slow-1/dkms.conf
printf '#!/bin/sh\n: >waits\n[ -e go ] || sleep 60\n' >/target/usr/src/slow-1/wait.sh
chmod 755 /target/usr/src/slow-1/wait.sh
dkms --root /target install slow/1 --toolchain host &
killed=$!
until [ -e /target/var/lib/dkms/slow/1/build/waits ]; do sleep 0.1; done
kill -9 "$killed"
wait "$killed" || true
[ -z "$(ls -A /target/mnt)" ] || fail 'a bench is left in /target/mnt'
: >/target/usr/src/slow-1/go
ends_with 0 dkms_at install slow/1 --toolchain host
built_in_target slow "$KERNEL"
ends_with 0 dkms_at remove slow/1 --all
rm -r /target/usr/src/slow-1

step 'what cannot be is refused, with what to type'
ends_with 0 dkms_at remove blink/1.0 --all
refused() { local want=$1 words=$2; shift 2; ends_with "$want" dkms "$@"; told "$words"; [ -z "$(dkms_at status | grep built)" ] || fail 'built all the same'; }
refused 2 'is for another root' install blink/1.0 --toolchain host
refused 2 'neither' --root /target build blink/1.0 --toolchain tools
refused 2 'there is no such folder' --root /target build blink/1.0 --toolchain /nowhere
refused 2 'is the root itself' --root /target build blink/1.0 --toolchain /target
refused 2 'has no use for --toolchain|--toolchain' --root /target remove blink/1.0 --toolchain host
refused 2 'neither bin nor usr/bin' --root /target build blink/1.0 --toolchain /etc
mkdir -p /bare/bin
refused 10 '/bare has no make' --root /target build blink/1.0 --toolchain /bare
rm -r /bare
rm /tools/usr/bin/make
refused 10 '/tools has no make' --root /target build blink/1.0 --toolchain /tools
told 'install make there'
cp /usr/bin/make /tools/usr/bin/
rm /tools/usr/bin/*gcc-12 && printf '#!/bin/sh\necho 13\n' >/tools/usr/bin/gcc-13 && chmod 755 /tools/usr/bin/gcc-13
ln -sf gcc-13 /tools/usr/bin/gcc
refused 10 "gcc of /tools is of release 13, and gcc-12 built kernel $KERNEL" --root /target build blink/1.0 --toolchain /tools
told 'gcc-12'
rm /tools/usr/bin/gcc
refused 10 "/tools has no gcc, and gcc-12 built kernel" --root /target build blink/1.0 --toolchain /tools
rm -r /tools

step 'nothing else is left'
host_unchanged
target_state | diff /tmp/target - ||
    fail 'something of the toolchain is left in /target'
