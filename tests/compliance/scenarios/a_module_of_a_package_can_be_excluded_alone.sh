# BUILD_EXCLUSIVE_… from index 1 on restricts one module.
quick blink 1.0 'BUILT_MODULE_NAME[1]=extra
DEST_MODULE_LOCATION[1]=/extra
BUILD_EXCLUSIVE_KERNEL[1]="^5"'
run 0 dkms install blink/1.0 -k "$K"
has "$(at blink)"
hasnt "$(at extra)"
is_status "blink/1.0, $K, $ARCH: installed"
run 0 dkms remove blink/1.0 --all
