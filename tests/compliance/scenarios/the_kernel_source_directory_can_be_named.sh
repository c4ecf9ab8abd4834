source_of hello 1.0
run 0 dkms build hello/1.0 -k "$K" --kernelsourcedir "/usr/src/linux-headers-$K"
is_status "hello/1.0, $K, $ARCH: built"
