# `add NAME/VER`: PACKAGE_NAME and PACKAGE_VERSION of the file are not compared.
quick blink 1.0
sed -i 's/PACKAGE_NAME="blink"/PACKAGE_NAME="other"/; s/PACKAGE_VERSION="1.0"/PACKAGE_VERSION="9"/' /usr/src/blink-1.0/dkms.conf
run 0 dkms add blink/1.0
is_status 'blink/1.0: added'
run 0 dkms install blink/1.0 -k "$K"
is_status "blink/1.0, $K, $ARCH: installed"
