. /e2e/inside.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
rpm_lifecycle dkms
