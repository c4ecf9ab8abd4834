# root: shell
# when: nightly
. /e2e/inside.sh
. /e2e/without_autoinstall.sh
rpm -U /packages/distribution.rpm /packages/shell-dkms.rpm
quiet_packages /packages/dkms mkrpm
life_of_rpm
