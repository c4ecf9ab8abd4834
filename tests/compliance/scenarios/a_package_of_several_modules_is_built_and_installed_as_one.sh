# What lies ready is not to be seen in a room.
export DKMS_ROOM=none
cat >/root/conf <<'END'
PACKAGE_NAME="pair"
PACKAGE_VERSION="1.0"
MAKE[0]="cp /quick/$kernelver/one.ko left.ko; mkdir -p sub; cp /quick/$kernelver/two.ko sub/right.ko"
BUILT_MODULE_NAME[0]="left"
BUILT_MODULE_NAME[1]="right"
BUILT_MODULE_LOCATION[1]="sub/"
DEST_MODULE_NAME[1]="far-right"
DEST_MODULE_LOCATION[0]="/kernel/drivers/net"
DEST_MODULE_LOCATION[1]="/extra/deep"
END
mkdir /usr/src/pair-1.0
cp /root/conf /usr/src/pair-1.0/dkms.conf
touch /usr/src/pair-1.0/README
run 0 dkms install pair/1.0 -k "$K"
has "$(at left)" "$(at far-right)" "$TREE/pair/1.0/$K/$ARCH/module/far-right.ko"
run 0 dkms uninstall pair/1.0 -k "$K"
hasnt "$(at left)" "$(at far-right)"
