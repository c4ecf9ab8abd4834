. /e2e/inside.sh

sums() { find /lib/modules -path '*/updates/*' -name '*.ko*' -exec sha256sum {} + | sort -k 2; }

step 'a module'
install_ours
tarball blink 1.0 && dkms mkdeb blink-1.0.tar.gz --output blink.deb
apt_install ./blink.deb
installed blink 1.0
sums >before

step 'reinstall and upgrade'
apt_install --reinstall /packages/dkms-rs.deb
dpkg-deb -R /packages/dkms-rs.deb next
sed -i 's/^Version: .*/&+next/' next/DEBIAN/control
dpkg-deb -Zgzip -z1 -b next next.deb
apt_install ./next.deb
installed blink 1.0
diff before <(sums) || fail 'modules changed'

step 'a leftover plugin of an older DKMS is moved away, a deliberate mask is not'
mkdir -p /etc/kernel/install.d
echo 'dkms autoinstall' >/etc/kernel/install.d/40-dkms.install
apt_install --reinstall ./next.deb
[ ! -e /etc/kernel/install.d/40-dkms.install ] || fail 'the leftover masks our plugin'
ln -s /dev/null /etc/kernel/install.d/40-dkms.install
apt_install --reinstall ./next.deb
[ -L /etc/kernel/install.d/40-dkms.install ] || fail "the administrator's mask is gone"

step 'removing ours takes no working module away'
dpkg --remove --force-depends dkms-rs
diff before <(sums) || fail 'modules changed'
