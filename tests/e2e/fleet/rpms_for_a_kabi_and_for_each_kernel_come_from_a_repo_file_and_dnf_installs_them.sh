# root: dnfcore
# when: nightly
# at most: 600
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/fleet.sh
OLDEST=5.14.0-70.el9.x86_64 LATER=5.14.0-80.el9.x86_64
step 'a repository with the headers of two kernels, and none here'
install_ours
sed -i 's/^ID=.*/ID=fedora/' /etc/os-release
symvers=/lib/modules/$(uname_of_headers)/build/Module.symvers
# What a kernel's package offers besides, in one of its own.
{
    printf 'Name: kernel-symbols\nVersion: 1\nRelease: 1\nSummary: Symbols\nLicense: GPL-2.0-only\nBuildArch: noarch\n'
    awk '{print "Provides: kernel(" $2 ") = " tolower($1)}' "$symvers"
    printf '%%description\nSymbols.\n%%files\n'
} >symbols.spec
rpmbuild_here symbols.spec
for kernel in $OLDEST $LATER; do
    kernel_rpms $kernel >/dev/null
    rm kernel-devel-*.rpm
    devel_rpm $kernel >/dev/null
    mkdir -p kernels
    mv kernel-devel-*.rpm kernel-core-*.rpm kernels
done
createrepo_c -q kernels
printf '[kernels]\nname=kernels\nbaseurl=file:///root/kernels\ngpgcheck=0\n' >kernels.repo
apt-get -q -y purge 'linux-headers-*' >/dev/null
tarball blink 1.0
matrix() { dkms mkmatrix ./blink-1.0.tar.gz --maintainer 'A Vendor <vendor@example.org>' --sign-key /e2e/keys/vendor.asc --store store "$@"; }

step 'by dnf as a client: for each kernel a package'
ends_with 0 matrix --kernels '5.14.0-*' --from kernels.repo -o each
told '^blink/1.0 .*[+] *[+]$'
[ -f each/kmod-blink-$OLDEST-1.0-1.x86_64.rpm ] || fail "no package for $OLDEST: $(find each -name '*.rpm')"

step 'from the folder itself, and the oldest kernel for the whole stream: built already'
ends_with 0 matrix --kernels '*.el9*:kabi' --from kernels --for el9 -o stream
told '^blink/1.0 .*=$'
package=$(echo stream/el9/kmod-blink-1.0-1.el9.x86_64.rpm)
rpm -qp --requires "$package" | grep -q '^kernel(module_layout) = 0x' || fail 'it does not name symbols'

step 'a host without a compiler takes both, signatures checked'
rpm -i --nodeps kernels/kernel-core-5.14.0-70*.rpm
without_compilers
rpm -U /packages/distribution.rpm kernel-symbols-1-1.rpm
rpm --import each/repository-key.asc
mkdir -p /etc/yum.repos.d
printf '[modules]\nname=modules\nbaseurl=file:///root/each\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file:///root/each/repository-key.asc\n' >/etc/yum.repos.d/modules.repo
command dnf -q -y --releasever=1 install kmod-blink-$OLDEST
modinfo -F vermagic "/lib/modules/$OLDEST/extra/blink/blink.ko" | grep "^$OLDEST "
command dnf -q -y --releasever=1 remove kmod-blink-$OLDEST
sed -i 's,/root/each,/root/stream/el9,' /etc/yum.repos.d/modules.repo
command dnf -q -y --releasever=1 install kmod-blink
find /lib/modules -name 'blink.ko*' | grep .
