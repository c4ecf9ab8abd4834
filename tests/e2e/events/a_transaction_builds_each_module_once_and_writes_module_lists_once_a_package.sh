# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# depmod is for each package that has scripts, and for all that have none: until then a script of the same package may load
# its module, and initramfs-tools' own trigger, which may come before ours, finds modules by these lists.
ln -s /bin/kmod /opt/depmod && rm /sbin/depmod
printf '#!/bin/sh\necho "$*" >>/root/depmods\nexec /opt/depmod "$@"\n' >/sbin/depmod
chmod 755 /sbin/depmod
read -r first _ < <(kernels | xargs)
# Headers alone have no module lists, and then depmod is not run.
lists() { for kernel in $(kernels); do /opt/depmod "$kernel" 2>/dev/null; done; }
lists
# How often it was called for the first kernel.
counted() { grep -c -- "$first\$" /root/depmods || :; }
# How many builds the output tells of.
built() { grep -c '^building .*: done' <<<"$output" || :; }
kernel_count=$(kernels | wc -l)
for name in blink wink; do usual_deb $name 1.0 1 hey; done
for name in rink sink; do source_deb $name 1.0 1 hey; done
install_ours
rm -f /root/depmods

step 'apt: two packages with scripts and two without: each module is built once for each kernel'
ends_with 0 apt_install ./blink-dkms_1.0-1.deb ./wink-dkms_1.0-1.deb ./rink-dkms_1.0-1.deb ./sink-dkms_1.0-1.deb
[ "$(built)" -eq $((4 * kernel_count)) ] || fail "$(built) builds"
# Two for the packages with scripts, and one at the end for the others, however many they are.
[ "$(counted)" -eq 3 ] || fail "depmod: $(cat /root/depmods)"
settled

step 'rpm: at the end of the transaction, once for each package with scriptlets and once for the rest'
rpm -U /packages/distribution.rpm
dpkg -P blink-dkms wink-dkms rink-dkms sink-dkms
dpkg -P --force-depends dkms-rs
rpm -U /packages/dkms-rs.rpm
tarball pink 1.0 hey && dkms mkrpm pink-1.0.tar.gz --output pink.rpm
source_rpm link 1.0 1 hey && source_rpm mink 1.0 1 hey
lists
rm -f /root/depmods
ends_with 0 rpm -i pink.rpm link-dkms-1.0-1.rpm mink-dkms-1.0-1.rpm
[ "$(built)" -eq $((3 * kernel_count)) ] || fail "$(built) builds"
[ "$(counted)" -eq 2 ] || fail "depmod: $(cat /root/depmods)"
settled
