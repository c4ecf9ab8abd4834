quick dummy 1.0 '' other
run - dkms install dummy/1.0 -k "$L"
quick blink 1.0
later mkdir -p "$MODULES/$K/kernel/drivers/misc"
later cp "/quick/$K/two.ko" "$MODULES/$K/kernel/drivers/misc/blink.ko"
run 6 dkms install blink/1.0 -k "$K"
later mkdir -p /usr/share/dkms/modules_to_force_install
later sh -c 'echo other >/usr/share/dkms/modules_to_force_install/a'
run 6 dkms install blink/1.0 -k "$K"
later sh -c 'echo blink_version-override >/usr/share/dkms/modules_to_force_install/b'
run 0 dkms install blink/1.0 -k "$K"
version_is "$(at blink)" 1.0
run 0 dkms remove blink/1.0 --all
later rm /usr/share/dkms/modules_to_force_install/b
later sh -c 'echo blink >/usr/share/dkms/modules_to_force_install/c'
run 0 dkms install blink/1.0 -k "$K"
version_is "$(at blink)" 1.0
