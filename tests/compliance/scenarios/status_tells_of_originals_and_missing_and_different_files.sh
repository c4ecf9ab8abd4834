quick dummy 1.0 '' two
run 0 dkms install dummy/1.0 -k "$K" --force
shows 0 dkms status
printed "dummy/1.0, $K, $ARCH: installed (Original modules exist)"
later cp /quick/$K/none.ko "$(at dummy)"
shows 0 dkms status
printed "dummy/1.0, $K, $ARCH: installed (Original modules exist) (Differences between built and installed modules)"
later rm "$(at dummy)"
shows 0 dkms status
printed "dummy/1.0, $K, $ARCH: installed (Original modules exist) (Differences between built and installed modules)"
later rm "$TREE/dummy/1.0/$K/$ARCH/module/dummy.ko"
shows 0 dkms status
printed "dummy/1.0, $K, $ARCH: installed (Original modules exist) (Built modules are missing in the kernel modules folder)"
