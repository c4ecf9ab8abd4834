quick blink 1.0
dkms add blink/1.0
run 5 dkms add blink/1.0 --all
run 1 dkms match -k "$K"
run 2 dkms match -k "$K" --templatekernel "$K"
run 5 dkms match --all --templatekernel "$K"
run 4 dkms match -k "$K" -k "$L" --templatekernel "$K"
run 8 dkms mktarball blink/1.0 --binaries-only --source-only
run 3 dkms mktarball blonk/1.0
run 2 dkms ldtarball /root/none.tar.gz
run 2 dkms ldtarball
is_status 'blink/1.0: added'
