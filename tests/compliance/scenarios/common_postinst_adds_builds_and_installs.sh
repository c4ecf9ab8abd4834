quick blink 1.0
run 1 /usr/lib/dkms/common.postinst
run 1 /usr/lib/dkms/common.postinst blink
run 0 /usr/lib/dkms/common.postinst blink 1.0 /usr/share/blink "" ""
is_status "$(printf 'blink/1.0, %s, x86_64: installed\n' "$L" "$K")"
run 0 /usr/lib/dkms/common.postinst blink 1.0 /usr/share/blink "" "1.0"
is_status "$(printf 'blink/1.0, %s, x86_64: installed\n' "$L" "$K")"
