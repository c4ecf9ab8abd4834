# when: nightly
. /e2e/inside.sh
step 'the builder: a module for two kernels, and their packages'
install_ours
apt_install linux-image-cloud-amd64
mapfile -t all < <(kernels)
KERNEL=$(printf '%s\n' "${all[@]}" | grep cloud)
[ -e "/lib/modules/$KERNEL/modules.dep" ] || fail "$KERNEL is not installed"
mkdir -p vendor/deb
tarball blink 1.0 one
dkms add ./blink-1.0.tar.gz
ends_with 6 dkms mkdeb blink/1.0 --binaries -k "$KERNEL" --output vendor/deb
told "dkms build blink/1.0 -k $KERNEL"
for kernel in "${all[@]}"; do dkms build blink/1.0 -k "$kernel"; done
ends_with 0 dkms mkdeb blink/1.0 --binaries --output vendor/deb
dkms mkdeb blink-1.0.tar.gz --output vendor/deb
[ "$(find vendor/deb -name 'blink-modules-*_1.0-1_amd64.deb' | wc -l)" -eq ${#all[@]} ] || fail 'not one package for each kernel'
cp /var/lib/dkms/blink/1.0/"$KERNEL"/x86_64/module/blink.ko* .
dkms mkrepo vendor --origin 'A Vendor' --sign-key /e2e/keys/vendor.asc --repo-package vendor --url file:///root/vendor

step 'the client: no compiler, no headers, no DKMS'
without_compilers
rm -rf /var/lib/dkms /usr/src/blink-1.0
for tool in gcc cc make dkms; do ! command -v $tool || fail "$tool is still here"; done
[ ! -e "/lib/modules/$KERNEL/build" ] || fail 'headers are still here'
apt_install ./vendor/deb/vendor-repo_1-1_all.deb
apt-get -q update
find /lib/modules /usr/lib/modules | sort >before
apt_install "blink-modules-$KERNEL"

step 'the module is there as it was built, and known'
module=/lib/modules/$KERNEL/updates/blink/blink.ko
cmp "$module" blink.ko
modinfo -F vermagic "$module" | grep "^$KERNEL "
modinfo -F signer "$module" | grep .
[ "$(modinfo -k "$KERNEL" -F filename blink)" = "$module" ] || fail 'depmod does not list it'
grep '^updates/blink/blink.ko:' "/lib/modules/$KERNEL/modules.dep"
# The root installs no documents.
dpkg -V "blink-modules-$KERNEL" | grep -v /usr/share/doc && fail 'dpkg -V finds something'
[ "$(dpkg -S "$module" | cut -d: -f1)" = "blink-modules-$KERNEL" ] || fail 'it belongs to nobody'

step 'a package for a kernel that is not here cannot be installed'
other=$(printf '%s\n' "${all[@]}" | grep -v cloud | head -n 1)
ends_with 100 apt-get -q -y install "blink-modules-$other" "linux-image-$other-"
told "Depends: linux-image-$other"

step 'it is not beside the source for DKMS'
ends_with 1 dpkg -i vendor/deb/blink-dkms_1.0-1_all.deb
told "blink-modules-$KERNEL conflicts with blink-dkms"
ends_with 0 apt-get -s install blink-dkms
told "^Remv blink-modules-$KERNEL"

step 'nothing is left when it goes'
apt_remove "blink-modules-$KERNEL"
find /lib/modules /usr/lib/modules | sort | diff before - || fail 'files are left'
! grep blink "/lib/modules/$KERNEL/modules.dep" || fail 'depmod still lists it'
