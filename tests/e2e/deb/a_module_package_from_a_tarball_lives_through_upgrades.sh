. /e2e/inside.sh

step 'packages from tarballs: 1.0-1, 1.0-2 with other source, 2.0'
install_ours
tarball blink 1.0 one && dkms mkdeb blink-1.0.tar.gz --output first.deb
tarball blink 1.0 two && dkms mkdeb blink-1.0.tar.gz --release 2 --output second.deb
tarball blink 2.0 three && dkms mkdeb blink-2.0.tar.gz --output third.deb
dpkg-deb -f first.deb Package Version Architecture Depends

step 'install'
apt_install ./first.deb
installed blink 1.0
says blink one

step '1.0-2: the same version, other source'
apt_install ./second.deb
installed blink 1.0
says blink two

step '2.0'
apt_install ./third.deb
installed blink 2.0
says blink three
[ -z "$(dkms status -m blink -v 1.0)" ] || fail '1.0 is still known'
[ ! -e /usr/src/blink-1.0 ] || fail 'the source of 1.0 remains'

step 'reinstall'
apt_install --reinstall ./third.deb
installed blink 2.0
says blink three

step 'downgrade'
apt_install --allow-downgrades ./first.deb
installed blink 1.0
says blink one
[ -z "$(dkms status -m blink -v 2.0)" ] || fail '2.0 is still known'

step 'remove'
apt_remove blink-dkms
gone blink
[ ! -e /usr/src/blink-1.0 ] || fail 'the source remains'
