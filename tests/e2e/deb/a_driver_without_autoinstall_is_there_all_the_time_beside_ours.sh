. /e2e/inside.sh
. /e2e/without_autoinstall.sh
install_ours
quiet_packages dkms mkdeb

step 'install'
apt_install ./first.deb
there 1.0 one

step 'upgrades, and back'
apt_install ./second.deb
there 1.0 two
apt_install ./third.deb
there 2.0 three
apt_install --allow-downgrades ./first.deb
there 1.0 one

step 'remove'
apt_remove blink-dkms
gone blink
