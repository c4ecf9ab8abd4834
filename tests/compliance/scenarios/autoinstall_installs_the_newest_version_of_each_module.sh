quick one 1.0
quick one 2.0
quick two 1.0
quick off 1.0
quick none 1.0
sed -i 's/AUTOINSTALL.*/AUTOINSTALL="no"/' /usr/src/off-1.0/dkms.conf
sed -i '/AUTOINSTALL/d' /usr/src/none-1.0/dkms.conf
for module in one/1.0 one/2.0 two/1.0 off/1.0 none/1.0; do dkms add "$module"; done
run 0 dkms autoinstall -k "$K"
is_status "$(printf '%s\n' 'none/1.0: added' 'off/1.0: added' 'one/1.0: added' "one/2.0, $K, $ARCH: installed" "two/1.0, $K, $ARCH: installed")"
run 0 dkms autoinstall -k "$K"
run 0 dkms autoinstall --kernelver "$L"
