# root: dnf
# when: nightly
# at most: 600
. /e2e/inside.sh
. /e2e/transactions.sh
KVER=6.5.0-1.fc39.x86_64
step 'packages: a kernel, its headers, a source, and its module for that kernel'
kernel_rpms $KVER
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
sed -i 's/^ID=.*/ID=fedora/' /etc/os-release
tarball blink 1.0
rpm -i kernel-core-*.rpm kernel-devel-*.rpm
ends_with 0 dkms build ./blink-1.0.tar.gz -k $KVER
mkdir out
ends_with 0 dkms mkrpm blink/1.0 --binaries -o out --beside-source -k $KVER --maintainer 'A Vendor <vendor@example.org>'
ends_with 0 dkms mkrpm ./blink-1.0.tar.gz --maintainer 'A Vendor <vendor@example.org>'
mv out/*.rpm .
! rpm -qp --conflicts kmod-blink-*.rpm | grep blink || fail 'they conflict'
dkms remove blink/1.0 --all
rm -rf /usr/src/blink-1.0 /var/lib/dkms
rpm -e kernel-core kernel-devel
repository ./*.rpm
kmod=$(rpm -qp --qf '%{NAME}' kmod-blink-*.rpm) source=$(rpm -qp --qf '%{NAME}' blink-dkms-*.rpm)

# one PLACE: the only module of that name, and the one that depmod lists.
one() {
    [ "$(module_files blink "$KVER")" = "/lib/modules/$KVER/$1" ] || fail "not one module, $1: $(module_files blink "$KVER")"
    grep -q "^$1:" "/lib/modules/$KVER/modules.dep" || fail "depmod lists another: $(grep blink "/lib/modules/$KVER/modules.dep")"
}

step 'all in one transaction: nothing is compiled'
mkdir -p /etc/dkms/framework.conf.d
echo 'prebuilt="repo"' >/etc/dkms/framework.conf.d/prebuilt.conf
ends_with 0 dnf install "$source"
ends_with 0 dnf install kernel-core kernel-devel "$kmod"
! grep -E '^building|blink/1.0 installed for 6.5' <<<"$output" || fail 'something was compiled'
one extra/blink/blink.ko
ends_with 0 dkms status
told "blink/1.0 for $KVER: $kmod has it, nothing to compile"

step 'the package goes: the source is built'
ends_with 0 dnf remove "$kmod"
installed blink 1.0 $KVER
file=$(module_files blink "$KVER")
one "${file#/lib/modules/"$KVER"/}"
[[ $file != */blink/* ]] || fail "that is the package's: $file"

step 'and it comes later than the kernel: the build gives way'
ends_with 0 dnf install "$kmod"
one extra/blink/blink.ko
ends_with 0 dkms check
ends_with 0 dnf remove "$kmod" "$source"
[ -z "$(module_files blink "$KVER")" ] || fail "left: $(module_files blink "$KVER")"
