# 21 if there is something to build, else 0.
run 0 dkms autoinstall -k 6.0.0-absent
quick blink 1.0
dkms add blink/1.0
run 21 dkms autoinstall -k 6.0.0-absent
run 21 dkms kernel_postinst -k 6.0.0-absent
run 0 /usr/lib/dkms/dkms_autoinstaller start 6.0.0-absent
run 0 /usr/lib/dkms/dkms_autoinstaller start "$K"
