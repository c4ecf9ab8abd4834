quick one 1.0
quick two 1.0
dkms install one/1.0 -k "$K"
dkms build two/1.0 -k "$K"
run 0 dkms match -k "$L" --templatekernel "$K"
is_status "$(printf '%s\n' "one/1.0, $L, $ARCH: installed" "one/1.0, $K, $ARCH: installed" "two/1.0, $K, $ARCH: built")"
run 0 dkms match -k "$L" --templatekernel 6.0.0-absent
