# root: shell
# when: nightly
. /e2e/inside.sh
rpm -U /packages/distribution.rpm /packages/shell-dkms.rpm
rpm_lifecycle /packages/dkms
