# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
source_deb blink 1.0 1 one && source_deb blink 1.0 2 two && source_deb blink 2.0 1 three && source_deb wink 3.1 1 hey
install_ours

step 'install'
apt_install ./blink-dkms_1.0-1.deb
installed blink 1.0 && says blink one && settled

step 'the same version with another source; another version with a second module; downgrade; reinstall'
apt_install ./blink-dkms_1.0-2.deb
installed blink 1.0 && says blink two && settled
apt_install ./blink-dkms_2.0-1.deb ./wink-dkms_3.1-1.deb
installed blink 2.0 && says blink three && installed wink 3.1 && settled
[ "$(dkms status -m blink | cut -d, -f1 | sort -u)" = blink/2.0 ] || fail 'another version is known'
apt_install --allow-downgrades ./blink-dkms_1.0-1.deb
installed blink 1.0 && says blink one && settled
apt_install --reinstall ./blink-dkms_1.0-1.deb
installed blink 1.0 && says blink one && settled

step 'remove and purge'
apt_remove blink-dkms
gone blink && settled
apt-get -q -y purge wink-dkms
gone wink && settled

step 'ours and the module go together, and come together'
apt_install ./blink-dkms_1.0-1.deb
dpkg -r dkms-rs blink-dkms
[ -z "$(find /lib/modules/ -name 'blink.ko*')" ] || fail 'the module remains'
dpkg -i /packages/dkms-rs.deb ./blink-dkms_1.0-1.deb
installed blink 1.0 && settled

step 'a source that fails leaves no package unconfigured, and is tried again when the next comes'
FAILING=yes source_deb wink 3.2 1 hey
ends_with 0 apt_install ./wink-dkms_3.2-1.deb
told 'wink/3.2'
[ "$(dpkg-query -W -f '${db:Status-Abbrev}' dkms-rs wink-dkms)" = 'ii ii ' ] || fail 'a package is not configured'
settled wink/3.2
source_deb wink 3.2 2 hey
ends_with 0 apt_install ./wink-dkms_3.2-2.deb
installed wink 3.2 && settled
