quick base 1.0
quick base 2.0
quick user 1.0 'BUILD_DEPENDS="base"
BUILD_DEPENDS_REBUILD="yes"'
sed -i 's/^MAKE\[0\]="/&echo built >>\/tmp\/told; /' /usr/src/user-1.0/dkms.conf
run 0 dkms install base/1.0 -k "$K"
run 0 dkms install user/1.0 -k "$K"
shows 0 cat /tmp/told
run 0 dkms install base/2.0 -k "$K"
shows 0 cat /tmp/told
printed "$(printf '%s\n' built built)"
run 0 dkms install base/2.0 -k "$K"
shows 0 cat /tmp/told
