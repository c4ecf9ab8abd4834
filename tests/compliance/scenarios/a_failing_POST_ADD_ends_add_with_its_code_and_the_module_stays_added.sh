quick blink 1.0 'POST_ADD="post one two"'
script /usr/src/blink-1.0/post 'echo "$@" >>/tmp/told' 'exit 5'
run 5 dkms add blink/1.0
told /tmp/told 'one two'
is_status 'blink/1.0: added'
quick blonk 1.0 'POST_ADD="absent.sh"'
run 0 dkms add blonk/1.0
quick blunk 1.0 'POST_ADD="post"'
echo 'exit 7' >/usr/src/blunk-1.0/post
run 0 dkms add blunk/1.0
