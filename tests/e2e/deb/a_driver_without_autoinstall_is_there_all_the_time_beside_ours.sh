. /e2e/inside.sh
. /e2e/without_autoinstall.sh
install_ours
quiet_packages dkms mkdeb
life_of_deb
