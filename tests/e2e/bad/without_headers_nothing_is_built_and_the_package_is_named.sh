. /e2e/inside.sh
install_ours
kernel=$(kernels | grep cloud)
module_source blink 1.0

step 'a kernel that is not there'
ends_with 21 dkms install ./blink-1.0 -k 9.9.9-cloud-amd64
told 'headers'
told 'linux-headers-9.9.9-cloud-amd64'
[ ! -e /lib/modules/9.9.9-cloud-amd64 ] || fail 'a folder was made for it'
[ -z "$(dkms status)" ] && [ ! -e /usr/src/blink-1.0 ] || fail 'the source was taken in for nothing'
ends_with 0 dkms add ./blink-1.0
ends_with 21 dkms autoinstall -k 9.9.9-cloud-amd64
dkms remove blink/1.0 --all
rm -rf /usr/src/blink-1.0
ends_with 0 dkms autoinstall -k 9.9.9-cloud-amd64

step 'no kernel has headers: the module package installs, and waits'
dkms mkdeb ./blink-1.0 --output blink.deb
mkdir /root/headers
for each in $(kernels); do mv "/lib/modules/$each/build" "/root/headers/$each"; done
ends_with 0 apt_install ./blink.deb
status_is 'blink/1.0: added'

step 'headers come: their hook builds'
mv "/root/headers/$kernel" "/lib/modules/$kernel/build"
run-parts --exit-on-error --arg="$kernel" /etc/kernel/header_postinst.d
installed blink 1.0 "$kernel"
