quick_in /root/work blink 1.0
run 0 dkms install /root/work -k "$K"
is_status "blink/1.0, $K, $ARCH: installed"
