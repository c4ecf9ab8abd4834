. /e2e/inside.sh
. /e2e/transactions.sh
# dpkg runs our trigger before the package's own postinst: were its source added then, the package's own `dkms add` would
# find it added.
install_ours
source_deb blink 1.0 1 one
cat >deb-build/DEBIAN/postinst <<'END'
#!/bin/sh
set -e
[ "$1" != configure ] || { dkms add -m blink -v 1.0; for k in $(ls /lib/modules); do dkms install -m blink -v 1.0 -k "$k"; done; }
END
chmod 755 deb-build/DEBIAN/postinst
dpkg-deb -Zgzip -z1 --root-owner-group -b deb-build blink.deb

dpkg --unpack blink.deb
dpkg --triggers-only --pending || :
[ -z "$(dkms status)" ] || fail 'it was added too early'
ends_with 0 dpkg --configure blink-dkms
installed blink 1.0 && settled
