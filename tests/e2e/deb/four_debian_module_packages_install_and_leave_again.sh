# when: nightly
. /e2e/inside.sh
# Unmodified from Debian's archive; ours stands where they ask for dkms.

step 'ours, and four module packages'
install_ours
apt_install acpi-call-dkms v4l2loopback-dkms bbswitch-dkms dm-writeboost-dkms
[ "$(dpkg-query -W -f='${Status}' dkms 2>/dev/null)" != 'install ok installed' ] || fail 'apt brought the original'

step 'what they asked for is there; v4l2loopback excludes cloud kernels'
cloud=$(kernels | grep cloud) generic=$(kernels | grep -v cloud)
status_is "acpi-call/1.2.2, $generic, x86_64: installed
acpi-call/1.2.2, $cloud, x86_64: installed
bbswitch/0.8, $generic, x86_64: installed
bbswitch/0.8, $cloud, x86_64: installed
dm-writeboost/2.2.17, $generic, x86_64: installed
dm-writeboost/2.2.17, $cloud, x86_64: installed
v4l2loopback/0.12.7, $generic, x86_64: installed"
for module in acpi_call bbswitch dm-writeboost v4l2loopback; do
    modinfo -F vermagic "/lib/modules/$generic/updates/dkms/$module.ko" | grep -q "^$generic " || fail "no $module.ko of $generic"
done

step 'each leaves with its package'
apt_remove acpi-call-dkms bbswitch-dkms
gone acpi-call
gone bbswitch
installed v4l2loopback 0.12.7 "$generic"
apt_remove v4l2loopback-dkms dm-writeboost-dkms
for module in v4l2loopback dm-writeboost acpi_call; do gone "$module"; done
status_is ''
