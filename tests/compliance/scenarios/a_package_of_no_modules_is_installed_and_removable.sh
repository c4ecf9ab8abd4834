mkdir /usr/src/empty-1.0
printf '%s\n' 'PACKAGE_NAME=empty' 'PACKAGE_VERSION=1.0' 'MAKE="touch done"' >/usr/src/empty-1.0/dkms.conf
touch /usr/src/empty-1.0/README
run - dkms add empty/1.0
run - dkms build empty/1.0 -k "$K"
run - dkms install empty/1.0 -k "$K"
run - dkms remove empty/1.0 --all
