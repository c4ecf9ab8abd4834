quick first 1.0 'PRE_INSTALL=no'
script /usr/src/first-1.0/no 'exit 5'
quick second 1.0
quick third 1.0 'AUTOINSTALL=""'
quick fourth 1.0 'AUTOINSTALL="YES"'
for module in first second third fourth; do dkms add "$module/1.0"; done
run 11 dkms autoinstall -k "$K"
shows 0 dkms status
run 11 dkms kernel_postinst -k "$K"
