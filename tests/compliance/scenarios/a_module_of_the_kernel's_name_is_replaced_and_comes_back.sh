# The kernel's own dummy 1.0 gives way to a newer one, is kept, and is put back where it was.
quick dummy 2.0
run 0 dkms install dummy/2.0 -k "$K"
has "$TREE/dummy/original_module/$K/$ARCH/dummy.ko"
hasnt "$MODULES/$K/kernel/drivers/net/dummy.ko"
version_is "$(at dummy)" 2.0
run 0 dkms uninstall dummy/2.0 -k "$K"
version_is "$MODULES/$K/kernel/drivers/net/dummy.ko" 1.0
hasnt "$(at dummy)" "$TREE/dummy/original_module"
is_status "dummy/2.0, $K, $ARCH: built"
run 0 dkms install dummy/2.0 -k "$K"
run 0 dkms remove dummy/2.0 --all
version_is "$MODULES/$K/kernel/drivers/net/dummy.ko" 1.0
hasnt "$TREE/dummy"
