# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
OLD=6.1.0-901-amd64 NEW=6.1.0-902-amd64
# image_deb KVER FOLDER: linux-image-KVER, a kernel with nothing in it.
image_deb() {
    local top=$PWD/images/$1
    mkdir -p "$top/DEBIAN" "$top/lib/modules/$1"
    touch "$top/lib/modules/$1/modules.order" "$top/lib/modules/$1/modules.builtin"
    printf '%s\n' "Package: linux-image-$1" 'Version: 1' 'Architecture: amd64' 'Maintainer: A <a@example.org>' \
        'Provides: linux-image' 'Description: kernel' >"$top/DEBIAN/control"
    dpkg-deb -b --root-owner-group "$top" "$2/linux-image-$1_1_amd64.deb"
}
is_there() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

step 'the builder: a module for a kernel, then for the next one, and what follows them'
install_ours
tarball blink 1.0 one
dkms add ./blink-1.0.tar.gz
for kernel in $OLD $NEW; do
    mkdir -p "/lib/modules/$kernel"
    headers_like $kernel /usr/src/linux-headers-$kernel
    ln -s /usr/src/linux-headers-$kernel /lib/modules/$kernel/build
    dkms build blink/1.0 -k $kernel
done
mkdir vendor next
image_deb $OLD vendor
cp vendor/*.deb next
image_deb $NEW next
ends_with 0 dkms mkdeb blink/1.0 --binaries --follow -k $OLD --output vendor
ends_with 0 dkms mkdeb blink/1.0 --binaries --follow -k $OLD -k $NEW --output next
told 'blink-modules-amd64_1.0\+6.1.0.902-1_amd64.deb'
dkms mkrepo vendor
dkms mkrepo next
dpkg-deb -f next/blink-modules-amd64_*.deb Depends | grep -x "blink-modules-$NEW (= 1.0-1)"

step 'the client has the modules of the kernel that there is'
rm -rf /lib/modules/$OLD /lib/modules/$NEW /usr/src/linux-headers-$OLD /usr/src/linux-headers-$NEW
without_compilers
rm -rf /usr/src/blink-1.0
echo 'deb [trusted=yes] file:/root/vendor ./' >/etc/apt/sources.list.d/vendor.list
apt-get -q update
ends_with 0 apt_install blink-modules-amd64
is_there "blink-modules-$OLD" || fail 'its modules did not come'
is_there "linux-image-$OLD" || fail 'their kernel did not come'

step 'an upgrade brings the next kernel with its modules'
sed -i s/vendor/next/ /etc/apt/sources.list.d/vendor.list
apt-get -q update
ends_with 0 apt-get -q -y --with-new-pkgs upgrade
is_there "blink-modules-$NEW" || fail 'the next modules did not come'
ls /lib/modules/$NEW/updates/blink/blink.ko*
grep '^updates/blink/blink.ko' /lib/modules/$NEW/modules.dep

step 'a kernel that is purged takes its modules along and brings no other'
ends_with 0 apt-get -q -y purge "linux-image-$NEW"
! grep '^Setting up' <<<"$output" || fail 'something came instead'
! is_there "blink-modules-$NEW" || fail 'its modules are still here'
is_there "blink-modules-$OLD" || fail 'the other kernel lost its modules'
ends_with 0 apt-get -q -y purge "linux-image-$OLD"
! is_there "blink-modules-$OLD" || fail 'modules without a kernel'
! dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'linux-image-*' 2>/dev/null | grep ^installed || fail 'another kernel came'
[ -z "$(module_files blink $OLD 2>/dev/null)" ] || fail 'files are left'
