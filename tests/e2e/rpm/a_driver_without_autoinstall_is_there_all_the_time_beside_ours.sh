# when: nightly
. /e2e/inside.sh
. /e2e/without_autoinstall.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
quiet_packages dkms mkrpm
life_of_rpm
