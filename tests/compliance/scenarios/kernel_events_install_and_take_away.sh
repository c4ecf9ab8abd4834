quick blink 1.0
quick off 1.0
sed -i 's/AUTOINSTALL.*/AUTOINSTALL="no"/' /usr/src/off-1.0/dkms.conf
dkms add blink/1.0
dkms install off/1.0 -k "$K"
dkms build off/1.0 -k "$L"
run 0 dkms kernel_postinst -k "$K"
is_status "$(printf '%s\n' "blink/1.0, $K, $ARCH: installed" "off/1.0, $L, $ARCH: built" "off/1.0, $K, $ARCH: installed")"
run 0 dkms kernel_preinst -k "$K"
is_status "$(printf '%s\n' 'blink/1.0: added' "off/1.0, $L, $ARCH: built" "off/1.0, $K, $ARCH: installed")"
run 0 dkms kernel_prerm -k "$K"
is_status "$(printf '%s\n' 'blink/1.0: added' "off/1.0, $L, $ARCH: built")"
run 4 dkms kernel_postinst
run 4 dkms kernel_prerm
run 4 dkms kernel_preinst -k "$K" -k "$L"
run 5 dkms kernel_prerm --all
