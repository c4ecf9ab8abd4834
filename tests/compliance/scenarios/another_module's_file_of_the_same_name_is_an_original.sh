# Two packages that bring the same module: the second keeps the first one's file and puts it back.
quick one 1.0 'BUILT_MODULE_NAME[0]=shared' one
quick two 2.0 'BUILT_MODULE_NAME[0]=shared' two
sed -i 's/ \(one\|two\).ko"$/ shared.ko"/' /usr/src/one-1.0/dkms.conf /usr/src/two-2.0/dkms.conf
run 0 dkms install one/1.0 -k "$K"
run 0 dkms install two/2.0 -k "$K"
version_is "$(at shared)" 2.0
has "$TREE/two/original_module/$K/$ARCH/shared.ko"
run 0 dkms remove one/1.0 --all
version_is "$(at shared)" 2.0
run 0 dkms remove two/2.0 --all
