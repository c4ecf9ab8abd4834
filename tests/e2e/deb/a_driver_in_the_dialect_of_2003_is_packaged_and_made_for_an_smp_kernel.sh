# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/first_dialect.sh
plain=$(uname_of_headers) smp=6.1.0-99-686-smp
# Two kernels are enough.
find /lib/modules -mindepth 1 -maxdepth 1 ! -name "$plain" -exec rm -r {} +
headers_of "$smp"
install_ours

step 'an archive, a dkms.conf beside it, and a version with a leading v'
driver_of_2003
dkms mkdeb qlx2x00src-v6.04.00.tgz -c qlx.conf --output qlx.deb
[ "$(dpkg-deb -f qlx.deb Package Version)" = "$(printf 'Package: qlx2x00-dkms\nVersion: 6.04.00-1')" ] || fail 'name or version'
dpkg-deb -c qlx.deb | grep './usr/src/qlx2x00-v6.04.00/dkms.conf' || fail 'the source lies elsewhere'

step 'installed: the kernel decides over command and patches'
apt_install ./qlx.deb
made "$plain" 'made plainly, patched always'
made "$smp" 'made for-smp, patched always and for smp'

step 'its dkms.conf in the directives of today gives the same'
dkms mkconf qlx.conf --modernize -o today.conf
! grep -qE '^(MAKE_smp|PATCH0|MODULE_NAME|LOCATION|REMAKE_INITRD|MODULES_CONF0)=' today.conf || fail 'something is old'
for kernel in "$plain" "$smp"; do
    diff <(dkms conf qlx.conf -k "$kernel" 2>/dev/null | grep -vE '^ *#|^REMAKE_INITRD=') \
        <(dkms conf today.conf -k "$kernel" 2>/dev/null | grep -vE '^ *#|^REMAKE_INITRD=') || fail "other values for $kernel"
done
dkms mkdeb qlx2x00src-v6.04.00.tgz -c today.conf --release 2 --output today.deb
apt_install ./today.deb
made "$plain" 'made plainly, patched always'
made "$smp" 'made for-smp, patched always and for smp'

step 'and away'
apt_remove qlx2x00-dkms
gone qlx2x00
