quick needs 1.0 'BUILD_DEPENDS="absent"'
quick other 1.0
dkms add needs/1.0
dkms add other/1.0
run 0 dkms autoinstall -k "$K"
is_status "$(printf '%s\n' 'needs/1.0: added' "other/1.0, $K, $ARCH: installed")"
