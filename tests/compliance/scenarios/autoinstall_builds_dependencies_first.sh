quick aaa 1.0 'BUILD_DEPENDS[0]="mmm"
BUILD_DEPENDS[1]="zzz"'
quick mmm 1.0 'BUILD_DEPENDS="zzz"'
quick zzz 1.0
sed -i 's/^MAKE\[0\]="/&echo $module >>\/tmp\/order; /' /usr/src/*-1.0/dkms.conf
for module in aaa mmm zzz; do dkms add "$module/1.0"; done
run 0 dkms autoinstall -k "$K"
told /tmp/order zzz mmm aaa
