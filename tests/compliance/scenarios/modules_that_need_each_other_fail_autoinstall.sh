quick egg 1.0 'BUILD_DEPENDS="hen"'
quick hen 1.0 'BUILD_DEPENDS="egg"'
quick other 1.0
for module in egg hen other; do dkms add "$module/1.0"; done
run 11 dkms autoinstall -k "$K"
is_status "$(printf '%s\n' 'egg/1.0: added' 'hen/1.0: added' "other/1.0, $K, $ARCH: installed")"
