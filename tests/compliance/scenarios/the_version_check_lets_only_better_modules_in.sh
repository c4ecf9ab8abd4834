# Against a file of the same name: a greater version there refuses, equal version and source refuse, other source installs.
quick dummy 1.0
run 6 dkms install dummy/1.0 -k "$K"
is_status "dummy/1.0, $K, $ARCH: built"
version_is "$MODULES/$K/kernel/drivers/net/dummy.ko" 1.0
run 0 dkms install dummy/1.0 -k "$K" --force
run 0 dkms uninstall dummy/1.0 -k "$K"
run 0 dkms install dummy/1.0 -k "$K" --force-version-override
run 0 dkms remove dummy/1.0 --all
quick dummy 1.0-other '' other
run 0 dkms install dummy/1.0-other -k "$K"
run 0 dkms remove dummy/1.0-other --all
cp /quick/$K/two.ko "$MODULES/$K/kernel/drivers/net/dummy.ko"
quick dummy 1.0
run 6 dkms install dummy/1.0 -k "$K"
run 0 dkms install dummy/1.0 -k "$L" --force
