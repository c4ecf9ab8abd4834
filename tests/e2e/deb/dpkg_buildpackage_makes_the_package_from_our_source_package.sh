# root: dhdkms
# when: nightly
. /e2e/inside.sh

step 'a source with names that tools for packages stumble over'
install_ours
module_source blink 1.0 one
(
    cd blink-1.0
    mkdir 'sub folder' debian
    touch debian/rules keep.orig 'sub folder/a~' '#keep#' .hidden '*star' DEADJOE
    printf '#!/bin/sh\n' >tool.sh
    chmod 755 tool.sh
    sed -i 's/_VERSION="1.0"/_VERSION="v1.0-x_1"/' dkms.conf
)
tar czf blink-v1.0-x_1.tar.gz blink-1.0

step 'the source package'
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=blink -keyout /dev/null -out mok.pem 2>/dev/null
dkms mkdsc blink-v1.0-x_1.tar.gz --mok-cert mok.pem --url https://example.org/ --output out
cd out
dpkg-source -x blink_1.0-x+1-1.dsc source
# The edition of the policy is younger than this lintian.
lintian --allow-root --fail-on error,warning --suppress-tags newer-standards-version blink_1.0-x+1-1.dsc

step 'built, twice from one tree, as anybody'
cd source
chmod 755 /root
chown -R nobody ..
# A second build begins with debian/rules clean.
for _ in 1 2; do HOME=/tmp setpriv --reuid nobody --clear-groups dpkg-buildpackage -us -uc -b >/tmp/build.log 2>&1 || { tail -n 20 /tmp/build.log; fail 'it is not built'; }; done
cd ../..
# The names are such by intention.
lintian --allow-root --fail-on error,warning --suppress-tags backup-file-in-package,file-name-contains-wildcard-character out/blink-dkms_1.0-x+1-1_all.deb

step 'the same source as in our own package'
dkms mkdeb blink-v1.0-x_1.tar.gz --mok-cert mok.pem --url https://example.org/ --output ours.deb
listing() { dpkg-deb -c "$1" | awk '{print $1, $2, $6, $7, $8}' | grep -E ' \./usr/(src|share/blink)' | sort; }
# 3.0 (quilt) has a debian folder of its own.
diff <(listing ours.deb | grep -v /debian/) <(listing out/blink-dkms_*.deb)
for field in Package Version Architecture Maintainer Recommends Provides Homepage Description Section; do
    [ "$(dpkg-deb -f ours.deb $field)" = "$(dpkg-deb -f out/blink-dkms_*.deb $field)" ] || fail "$field differs"
done
dpkg-deb -f out/blink-dkms_*.deb Depends | grep -qw dkms || fail 'it does not depend on dkms'

step 'it works'
apt_install ./out/blink-dkms_*.deb
installed blink v1.0-x_1
says blink one
dpkg -V blink-dkms
apt_remove blink-dkms
gone blink

step 'settings of a version go with it, as in our own package; those that somebody changed are kept aside'
# A driver that does not ask for AUTOINSTALL gets it by a file of its own.
built_deb() {
    module_source blink "$1" "$2"
    sed -i /AUTOINSTALL/d "blink-$1/dkms.conf"
    tar czf "blink-$1.tar.gz" "blink-$1"
    dkms mkdsc "blink-$1.tar.gz" --output "src-$1"
    (cd "src-$1" && dpkg-source -x blink_*.dsc tree && cd tree && dpkg-buildpackage -us -uc -b >/tmp/build.log 2>&1) || { tail -n 20 /tmp/build.log; fail 'it is not built'; }
}
built_deb 1.1 one
built_deb 1.2 two
built_deb 1.3 three
apt_install ./src-1.1/blink-dkms_*.deb
[ -f /etc/dkms/blink-1.1.conf ] || fail 'there are no settings'
apt_install ./src-1.2/blink-dkms_*.deb
[ "$(cd /etc/dkms && echo blink-*)" = blink-1.2.conf ] || fail "of 1.1 is left: $(cd /etc/dkms && echo blink-*)"
echo '# mine' >>/etc/dkms/blink-1.2.conf
apt_install ./src-1.3/blink-dkms_*.deb
[ "$(cd /etc/dkms && echo blink-*)" = 'blink-1.2.conf.dpkg-bak blink-1.3.conf' ] || fail "wrong: $(cd /etc/dkms && echo blink-*)"
says blink three
apt-get -q -y purge blink-dkms
[ -z "$(find /etc/dkms -name 'blink-*')" ] || fail "left: $(find /etc/dkms -name 'blink-*')"

step 'the same bytes each time'
sha256sum out/*.dsc out/*.tar.* | sort >before
dkms mkdsc blink-v1.0-x_1.tar.gz --mok-cert mok.pem --url https://example.org/ --output out --force >/dev/null
sha256sum -c before
