# when: nightly
# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
for package in '1.0 1 one' '1.0 2 two' '2.0 1 three'; do usual_deb blink $package; done

step 'install, reinstall'
apt_install ./blink-dkms_1.0-1.deb
installed blink 1.0 && says blink one && settled
apt_install --reinstall ./blink-dkms_1.0-1.deb
installed blink 1.0 && says blink one && settled

step 'another source within the version, another version, a downgrade'
apt_install ./blink-dkms_1.0-2.deb
installed blink 1.0 && says blink two && settled
apt_install ./blink-dkms_2.0-1.deb
installed blink 2.0 && says blink three && settled
apt_install --allow-downgrades ./blink-dkms_1.0-1.deb
installed blink 1.0 && says blink one && settled

step 'remove, then purge'
apt_remove blink-dkms
gone blink && settled
apt_install ./blink-dkms_2.0-1.deb
apt-get -q -y purge blink-dkms
gone blink && settled

step 'the shell original is replaced by ours, with a module in place'
apt-get -q -y purge dkms-rs && rm -rf /var/lib/dkms
apt_install dkms ./blink-dkms_1.0-1.deb
stamps() { find /lib/modules -name 'blink.ko*' -exec sha256sum {} + | sort; }
stamps >/tmp/stamps
install_ours
diff /tmp/stamps <(stamps) || fail 'the module was built again'
settled
