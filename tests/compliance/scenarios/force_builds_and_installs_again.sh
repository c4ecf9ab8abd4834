# build --force of an installed one leaves the installed file and link alone; install --force makes them new.
source_of hello 1.0
run 0 dkms install hello/1.0 -k "$K"
sed -i 's/MODULE_VERSION("1.0")/MODULE_VERSION("1.0-changed")/' /usr/src/hello-1.0/hello.c
run 0 dkms build hello/1.0 -k "$K" --force
version_is "$(at hello)" 1.0
version_is "$TREE/hello/1.0/$K/$ARCH/module/hello.ko" 1.0-changed
run 0 dkms install hello/1.0 -k "$K"
version_is "$(at hello)" 1.0
run 0 dkms install hello/1.0 -k "$K" --force
version_is "$(at hello)" 1.0-changed
is_status "hello/1.0, $K, $ARCH: installed"
