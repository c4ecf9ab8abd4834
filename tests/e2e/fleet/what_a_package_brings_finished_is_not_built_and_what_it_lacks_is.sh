# when: nightly
# at most: 900
. /e2e/inside.sh
CLOUD=6.1.0-50-cloud-amd64
step 'the builder: two releases of a module for one kernel, that may stand beside their sources'
install_ours
# What the tools of the headers need besides stays.
apt-get -q -y purge 'linux-headers-*' >/dev/null
for version in 1.0 1.1; do
    tarball blink "$version"
    ends_with 0 dkms mkmatrix "./blink-$version.tar.gz" --kernels "$CLOUD" --beside-source --origin Vendor --maintainer 'A Vendor <vendor@example.org>' -o "matrix-$version"
    dkms mkdeb "./blink-$version.tar.gz" --maintainer 'A Vendor <vendor@example.org>' -o "blink-$version.deb"
done
ends_with 0 dkms mkmatrix ./blink-1.0.tar.gz --kernels "$CLOUD" --maintainer 'A Vendor <vendor@example.org>' --store matrix-1.0/.store -o usual
conflicts() { dpkg-deb -f "$1"/blink-modules-6*.deb Conflicts; }
[ -z "$(conflicts matrix-1.0)" ] && [ "$(conflicts usual)" = blink-dkms ] || fail "conflicts: '$(conflicts matrix-1.0)', '$(conflicts usual)'"
dpkg-deb -c matrix-1.0/blink-modules-6*.deb | grep -q "/lib/modules/$CLOUD/updates/blink/dkms-prebuilt$" || fail 'the package does not say that it is one'

offers() {
    rm -rf /srv/fleet && cp -r "$1" /srv/fleet
    rm -rf /srv/fleet/.store
    echo 'deb [trusted=yes] file:/srv/fleet ./' >/etc/apt/sources.list.d/fleet.list
    apt-get -q update -o APT::Update::Error-Mode=any
}
# one PLACE: the only module of that name, and the one that depmod lists.
one() {
    [ "$(module_files blink "$CLOUD")" = "/lib/modules/$CLOUD/updates/$1/blink.ko" ] || fail "not one module, in $1: $(module_files blink "$CLOUD")"
    grep -q "^updates/$1/blink.ko:" "/lib/modules/$CLOUD/modules.dep" || fail "depmod lists another: $(grep blink "/lib/modules/$CLOUD/modules.dep")"
}
compiled() { grep -E '^(building|dkms: building)|blink/[0-9.]+ installed' <<<"$output"; }
is_version() { modinfo -F version "$(module_files blink "$CLOUD")" | grep -qx "$1" || fail "not version $1"; }

step 'the host: the source, and prebuilt=repo'
echo 'prebuilt="repo"' >/etc/dkms/framework.conf.d/prebuilt.conf
offers matrix-1.0
apt_install linux-headers-amd64
ends_with 0 apt_install ./blink-1.0.deb
told 'blink/1.0 installed for 6.1.0-50-amd64'

step 'a kernel that comes with finished modules, in one transaction: nothing is compiled'
ends_with 0 apt_install linux-image-cloud-amd64 linux-headers-cloud-amd64 blink-modules-cloud-amd64
! compiled || fail 'something was compiled'
told "blink/1.0 for $CLOUD: blink-modules-$CLOUD has it, nothing to compile"
one blink
ends_with 0 dkms status
told "^dkms: warning: blink/1.0 for $CLOUD: blink-modules-$CLOUD has it, nothing to compile"
ends_with 0 dkms check
ends_with 0 dkms why blink -k "$CLOUD"
told "blink-modules-$CLOUD has it"
ends_with 0 dkms reconcile
one blink

step 'the package goes: the source is built'
ends_with 0 apt_remove "blink-modules-$CLOUD"
told "blink/1.0 installed for $CLOUD"
one dkms
grep -q '^essential' /etc/dkms/framework.conf.d/* || echo 'essential_modules=blink' >/etc/dkms/framework.conf.d/essential.conf

step 'and it comes later than the kernel: the build gives way to it'
ends_with 0 apt_install blink-modules-cloud-amd64
! compiled || fail 'something was compiled'
told "blink/1.0 removed for $CLOUD"
! grep LACKS <<<"$output" || fail 'the kernel has it'
one blink
step 'back again: its build is there'
ends_with 0 apt_remove "blink-modules-$CLOUD"
! grep '^building' <<<"$output" || fail 'built again'
one dkms
ends_with 0 apt_install blink-modules-cloud-amd64

step 'a newer source is built, and there is one module'
ends_with 0 apt_install ./blink-1.1.deb
told "blink/1.1 installed for .*$CLOUD"
one dkms
is_version 1.1
ends_with 0 apt_install --reinstall "blink-modules-$CLOUD"
one dkms
is_version 1.1

step 'until the package has it, too'
offers matrix-1.1
ends_with 0 apt-get -q -y dist-upgrade
one blink
is_version 1.1
! dpkg -V "blink-modules-$CLOUD" | grep /lib/modules || fail 'not as packaged'

step 'without the setting the source is what counts, once'
rm /etc/dkms/framework.conf.d/prebuilt.conf
ends_with 0 dkms reconcile
[ "$(module_files blink "$CLOUD" | wc -l)" -eq 1 ] || fail "not one module: $(module_files blink "$CLOUD")"
ends_with 0 apt_install --reinstall "blink-modules-$CLOUD"
[ "$(module_files blink "$CLOUD" | wc -l)" -eq 1 ] || fail "not one module: $(module_files blink "$CLOUD")"

step 'both go, and nothing is left'
ends_with 0 apt_remove blink-dkms "blink-modules-$CLOUD"
[ -z "$(module_files blink "$CLOUD")" ] || fail "left: $(module_files blink "$CLOUD")"
settled
