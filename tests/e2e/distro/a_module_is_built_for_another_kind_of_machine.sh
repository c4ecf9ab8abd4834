# root: cross
# when: nightly
. /e2e/inside.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src/
# Headers of arm64, over this machine's linux-kbuild of the same release: installed, they would want a compiler that runs there.
for package in /foreign/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C /
done
kernel=$(basename /lib/modules/*-arm64)
[ -e "/lib/modules/$kernel/build/.config" ] || fail 'the headers of arm64 are not complete'

step 'built here, not run'
ends_with 0 dkms build blink/1.0 -k "$kernel" -a aarch64
told "^building blink/1.0 for $kernel \\(aarch64\\): done"
built=$(find "/var/lib/dkms/blink/1.0/$kernel/aarch64/module" -name 'blink.ko*')
cp "$built" built.ko${built##*.ko}
[[ $built == *.ko ]] || unxz -k "built.ko${built##*.ko}"
file built.ko | grep 'ARM aarch64' || fail 'it is for another machine'
modinfo -F vermagic ./built.ko | grep "^$kernel .* aarch64$" || fail 'it is for another kernel'
! file built.ko | grep 'with debug_info' || fail 'it was not stripped'
status_is "blink/1.0, $kernel, aarch64: built"

step 'this machine'"'"'s own kernels as ever'
own=$(kernels | grep amd64 | sed -n 1p)
ends_with 0 dkms install blink/1.0 -k "$own"
installed blink 1.0 "$own"

step 'without a compiler for it'
dkms unbuild blink/1.0 -k "$kernel" -a aarch64
rm -rf /var/lib/dkms/.finished
rm /usr/bin/aarch64-linux-gnu-gcc*
ends_with 10 dkms build blink/1.0 -k "$kernel" -a aarch64
told 'is for another kind of machine than this one, and `aarch64-linux-gnu-gcc` is not installed'
told 'hint: `apt-get install gcc-aarch64-linux-gnu`'
