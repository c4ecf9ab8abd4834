quick needs 1.0 'BUILD_DEPENDS="off"'
quick off 1.0
sed -i 's/AUTOINSTALL.*/AUTOINSTALL="no"/' /usr/src/off-1.0/dkms.conf
dkms add needs/1.0
dkms add off/1.0
run 11 dkms autoinstall -k "$K"
run 0 dkms install off/1.0 -k "$K"
run 0 dkms autoinstall -k "$K"
is_status "$(printf '%s\n' "needs/1.0, $K, $ARCH: installed" "off/1.0, $K, $ARCH: installed")"
