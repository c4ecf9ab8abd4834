quick blink 1.0
dkms install blink/1.0 -k "$K"
run 0 dkms mktarball blink/1.0 -k "$K"
has "$TREE/blink/1.0/tarball/blink-1.0-kernel$K-$ARCH.dkms.tar.gz"
cp "$TREE"/blink/1.0/tarball/*.gz /root
run 0 dkms mktarball blink/1.0 --source-only
run 0 dkms mktarball blink/1.0 -k "$K" --archive /root/mine.tar.gz
run 6 dkms mktarball blink/1.0 -k "$L"
run 0 dkms remove blink/1.0 --all
run - rm -r /usr/src/blink-1.0
run 0 dkms ldtarball "/root/blink-1.0-kernel$K-$ARCH.dkms.tar.gz"
is_status "blink/1.0, $K, $ARCH: built"
run 8 dkms ldtarball --archive "/root/blink-1.0-kernel$K-$ARCH.dkms.tar.gz"
run 0 dkms install blink/1.0 -k "$K"
