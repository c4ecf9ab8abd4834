quick dummy 3 '' none
later cp /quick/$K/none.ko "$MODULES/$K/kernel/drivers/net/dummy.ko"
run 0 dkms build dummy/3 -k "$K"
run - dkms install dummy/3 -k "$K"
dkms remove dummy/3 --all
later cp /quick/$K/two.ko "$MODULES/$K/kernel/drivers/net/dummy.ko"
run 6 dkms install dummy/3 -k "$K"
