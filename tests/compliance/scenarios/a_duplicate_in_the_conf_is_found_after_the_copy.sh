# Two modules with one built path, or with one DEST name: 8, not added, but the copy in /usr/src stays.
mkdir -p work again
cat >work/dkms.conf <<'END'
PACKAGE_NAME=twice
PACKAGE_VERSION=1.0
BUILT_MODULE_NAME[0]=blink
BUILT_MODULE_NAME[1]=blink
DEST_MODULE_NAME[1]=blonk
DEST_MODULE_LOCATION[0]=/extra
DEST_MODULE_LOCATION[1]=/extra
END
sed 's/twice/same/; s/\[1\]=blink/[1]=other/; s/blonk/blink/' work/dkms.conf >again/dkms.conf
touch work/README again/README
run 8 dkms add /root/work
run 8 dkms add /root/again
is_status ''
has /usr/src/twice-1.0/dkms.conf /usr/src/same-1.0/dkms.conf
