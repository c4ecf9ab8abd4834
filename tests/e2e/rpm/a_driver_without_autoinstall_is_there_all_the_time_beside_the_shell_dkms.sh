# root: shell
# when: nightly
. /e2e/inside.sh
. /e2e/without_autoinstall.sh
rpm -U /packages/distribution.rpm /packages/shell-dkms.rpm
quiet_packages /packages/dkms mkrpm

step 'install'
rpm -i first.rpm
there 1.0 one

step 'upgrades, and back'
rpm -U second.rpm
there 1.0 two
rpm -U third.rpm
there 2.0 three
rpm -U --oldpackage first.rpm
there 1.0 one

step 'erase'
rpm -e blink-dkms
gone blink
[ ! -e /etc/dkms/blink-1.0.conf ] || fail 'the record of the package remains'
