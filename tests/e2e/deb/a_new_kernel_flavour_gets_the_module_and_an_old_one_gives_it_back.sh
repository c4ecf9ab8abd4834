# when: nightly
. /e2e/inside.sh

step 'ours and a module, before the new kernels'
install_ours
tarball blink 1.0 && dkms mkdeb blink-1.0.tar.gz --output blink.deb
apt_install ./blink.deb
installed blink 1.0
before=$(kernels | wc -l)

step 'headers of another flavour'
apt_install linux-headers-rt-amd64
rt=$(kernels | grep -- -rt-)
[ "$(kernels | wc -l)" -eq $((before + 1)) ] || fail 'no new kernel'
installed blink 1.0

step 'an image, for headers that were there before'
apt_install linux-image-cloud-amd64
cloud=$(kernels | grep cloud)
[ -e "/boot/vmlinuz-$cloud" ] || fail 'no image'
installed blink 1.0
modinfo -k "$cloud" -F filename blink | grep -q /updates/dkms/ || fail 'modprobe would not find it'
grep -q "$cloud" /var/log/initramfs || fail 'no initramfs was asked for'

step 'image and headers are removed: their module goes, the others stay'
apt_remove "linux-image-$cloud" "linux-headers-$cloud"
[ -z "$(module_files blink "$cloud" 2>/dev/null)" ] || fail "the module of $cloud remains"
[ -z "$(dkms status -k "$cloud" | grep ', ')" ] || fail "$cloud is still known"
for kernel in $(kernels | grep -v cloud); do installed blink 1.0 "$kernel"; done

step 'and comes back with it'
apt_install "linux-image-$cloud" "linux-headers-$cloud"
installed blink 1.0

step 'headers of a kernel with an image go: its module stays'
apt_remove "linux-headers-$cloud"
dkms status -k "$cloud" | grep -q ': installed' || fail "the module of $cloud is gone"

step 'headers that were all of a kernel go: nothing of it stays'
apt_remove "linux-headers-$rt"
[ -z "$(dkms status -k "$rt" | grep ', ')" ] && [ ! -e "/lib/modules/$rt" ] || fail "something of $rt stays"

step 'the package goes: all is gone'
apt_remove blink-dkms
gone blink
