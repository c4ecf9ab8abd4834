# root: shell
# when: nightly
. /e2e/inside.sh
# The packages are ours, the DKMS is Debian's.

step 'packages from tarballs'
tarball blink 1.0 one && /packages/dkms mkdeb blink-1.0.tar.gz --output first.deb
tarball blink 1.0 two && /packages/dkms mkdeb blink-1.0.tar.gz --release 2 --output second.deb
tarball blink 2.0 three && /packages/dkms mkdeb blink-2.0.tar.gz --output third.deb

step 'install'
apt_install ./first.deb
installed blink 1.0
says blink one

step '1.0-2'
apt_install ./second.deb
installed blink 1.0
says blink two

step '2.0, and back'
apt_install ./third.deb
installed blink 2.0
says blink three
apt_install --allow-downgrades ./first.deb
installed blink 1.0
says blink one

step 'remove'
apt_remove blink-dkms
gone blink
