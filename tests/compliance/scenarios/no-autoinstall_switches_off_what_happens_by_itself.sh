quick blink 1.0
dkms add blink/1.0
touch /etc/dkms/no-autoinstall
run 0 dkms autoinstall -k "$K"
run 0 dkms kernel_postinst -k "$K"
is_status 'blink/1.0: added'
run 0 dkms install blink/1.0 -k "$K"
run 0 dkms kernel_prerm -k "$K"
is_status 'blink/1.0: added'
