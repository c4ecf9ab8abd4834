printf '%s\n' 'post_transaction="/usr/local/bin/after"' >/etc/dkms/framework.conf.d/after.conf
script /usr/local/bin/after 'echo after >>/tmp/told'
quick blink 1.0
run 0 dkms build blink/1.0 -k "$K"
hasnt /tmp/told
run 0 dkms install blink/1.0 -k "$K"
shows 0 cat /tmp/told
run 0 dkms uninstall blink/1.0 -k "$K"
run 0 dkms unbuild blink/1.0 -k "$K"
shows 0 cat /tmp/told
