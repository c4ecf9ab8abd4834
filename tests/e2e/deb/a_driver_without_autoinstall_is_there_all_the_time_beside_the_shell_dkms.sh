# root: shell
# when: nightly
. /e2e/inside.sh
. /e2e/without_autoinstall.sh
# The packages are ours, the DKMS is Debian's.
quiet_packages /packages/dkms mkdeb
life_of_deb
