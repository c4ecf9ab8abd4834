. /e2e/inside.sh
install_ours
kernel=$(kernels | tail -n 1)
module_source blink 1.0
echo 'int broken = this_is_nowhere;' >>blink-1.0/blink.c

step 'by hand: exit 10, the error, the log, and nothing installed'
ends_with 10 dkms install ./blink-1.0 -k "$kernel"
told 'this_is_nowhere'
told 'make.log'
status_is 'blink/1.0: added'
[ -z "$(find /lib/modules/ -name 'blink.ko*')" ] || fail 'something was installed'
grep -q this_is_nowhere /var/lib/dkms/blink/1.0/build/make.log || fail 'no log where people look for it'
ends_with 11 dkms autoinstall -k "$kernel"
ends_with 1 /usr/lib/dkms/dkms_autoinstaller start "$kernel"
ends_with 0 /usr/lib/dkms/dkms_autoinstaller start 5.0.0-no-headers
dkms remove blink/1.0 --all
rm -rf /usr/src/blink-1.0

step 'from a package: apt is not stopped'
dkms mkdeb ./blink-1.0 --output bad.deb
ends_with 0 apt_install ./bad.deb
told 'blink'
status_is 'blink/1.0: added'

step 'nor are kernels'
ends_with 0 apt_install linux-headers-rt-amd64
[ -z "$(dpkg --audit)" ] || fail 'half-configured packages'

step 'the next version builds'
tarball blink 1.1 && dkms mkdeb blink-1.1.tar.gz --output good.deb
apt_install ./good.deb
installed blink 1.1
apt_remove blink-dkms
gone blink
