printf '%s\n' 'post_transaction="/usr/local/bin/after $kernelver"' >/etc/dkms/framework.conf.d/after.conf
script /usr/local/bin/after 'echo "after $1" >>/tmp/told; echo said'
quick blink 1.0
quick blonk 1.0
dkms add blink/1.0
dkms add blonk/1.0
rm -f /tmp/told
run 0 dkms autoinstall -k "$K"
shows 0 cat /tmp/told
holds "$TREE/post_transaction.log" '^said'
later rm -f /tmp/told
run 0 dkms autoinstall -k "$K"
hasnt /tmp/told
run 0 dkms kernel_postinst -k "$L"
shows 0 cat /tmp/told
later rm -f /tmp/told
run 0 dkms kernel_prerm -k "$L"
shows 0 cat /tmp/told
later rm -f /tmp/told
run 0 dkms remove blink/1.0 --all
shows 0 cat /tmp/told
later rm -f /tmp/told
run 0 dkms remove blonk/1.0 -k "$L"
hasnt /tmp/told
