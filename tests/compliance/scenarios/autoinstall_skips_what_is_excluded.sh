quick never 1.0 'BUILD_EXCLUSIVE_KERNEL="^5"'
quick blink 1.0
dkms add never/1.0
dkms add blink/1.0
run 0 dkms autoinstall -k "$K"
is_status "$(printf '%s\n' "blink/1.0, $K, $ARCH: installed" 'never/1.0: added')"
