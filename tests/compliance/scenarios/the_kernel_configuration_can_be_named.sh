quick blink 1.0 'BUILD_EXCLUSIVE_CONFIG="CONFIG_SPECIAL"'
echo 'CONFIG_SPECIAL=y' >/root/config
run 77 dkms build blink/1.0 -k "$K"
run 0 dkms build blink/1.0 -k "$K" --config /root/config
