quick bad 1.0
sed -i 's/^MAKE.*/MAKE="false"/' /usr/src/bad-1.0/dkms.conf
quick good 1.0
quick zgood 1.0
for module in bad good zgood; do dkms add "$module/1.0"; done
run 11 dkms autoinstall -k "$K"
is_status "$(printf '%s\n' 'bad/1.0: added' "good/1.0, $K, $ARCH: installed" "zgood/1.0, $K, $ARCH: installed")"
