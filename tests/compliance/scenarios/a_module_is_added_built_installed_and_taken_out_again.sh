# The whole way there and back, one step at a time.
source_of hello 1.0
run 0 dkms add hello/1.0
links "$TREE/hello/1.0/source" /usr/src/hello-1.0
is_status 'hello/1.0: added'
run 0 dkms build hello/1.0 -k "$K"
is_status "hello/1.0, $K, $ARCH: built"
has "$TREE/hello/1.0/$K/$ARCH/module/hello.ko" "$TREE/hello/1.0/$K/$ARCH/log/make.log"
run 0 dkms install hello/1.0 -k "$K"
is_status "hello/1.0, $K, $ARCH: installed"
links "$TREE/hello/kernel-$K-$ARCH" "1.0/$K/$ARCH"
version_is "$(at hello)" 1.0
run 0 dkms uninstall hello/1.0 -k "$K"
is_status "hello/1.0, $K, $ARCH: built"
run 0 dkms unbuild hello/1.0 -k "$K"
is_status 'hello/1.0: added'
run 0 dkms remove hello/1.0 --all
is_status ''
has /usr/src/hello-1.0/dkms.conf
