quick blink 1.0
dkms add blink/1.0
dkms mktarball blink/1.0 --source-only --archive /root/blink-1.0.dkms.tar.gz
dkms remove blink/1.0 --all
rm -rf /usr/src/blink-1.0
later mkdir -p /usr/share/blink
later cp /root/blink-1.0.dkms.tar.gz /usr/share/blink/
run 0 /usr/lib/dkms/common.postinst blink 1.0 /usr/share/blink "" ""
is_status "$(printf 'blink/1.0, %s, x86_64: installed\n' "$L" "$K")"
later dkms remove blink/1.0 --all
later sh -c 'echo no archive >/usr/share/blink/blink-1.0.dkms.tar.gz'
run 2 /usr/lib/dkms/common.postinst blink 1.0 /usr/share/blink "" ""
