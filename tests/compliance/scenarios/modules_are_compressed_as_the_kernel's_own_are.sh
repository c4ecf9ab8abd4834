for kind in gz:gzip xz:xz zst:zstd; do
    kernel=$MODULES/$K/kernel/drivers/net
    rm -f "$kernel"/dummy.ko*
    cp "/quick/$K/one.ko" "$kernel/dummy.ko"
    "${kind#*:}" -q "$kernel/dummy.ko"
    rm -f "$kernel/dummy.ko"
    name=blink${kind%:*}
    quick "$name" 1.0
    run 0 dkms install "$name/1.0" -k "$K"
    has "$MODULES/$K/updates/dkms/$name.ko.${kind%:*}"
    run 0 dkms remove "$name/1.0" --all
done
