quick blink 1.0
dkms build blink/1.0 -k "$K"
dkms build blink/1.0 -k "$L"
entries() { tar tf "$1" | grep -v '/$' | LC_ALL=C sort | plain; }
run 0 dkms mktarball blink/1.0 -k "$K"
shows 0 ls "$TREE/blink/1.0/tarball"
shows 0 entries "$TREE/blink/1.0/tarball/blink-1.0-kernel$K-$ARCH.dkms.tar.gz"
run 0 dkms mktarball blink/1.0 --all --archive both.tar.xz
shows 0 entries "$TREE/blink/1.0/tarball/both.tar.xz"
run 0 dkms mktarball blink/1.0 --source-only
run 0 dkms mktarball blink/1.0 -k "$K" --binaries-only --archive /root/binaries.tar.gz
shows 0 entries /root/binaries.tar.gz
shows 0 ls "$TREE/blink/1.0/tarball"
run 0 dkms remove blink/1.0 --all
hasnt "$TREE/blink"
