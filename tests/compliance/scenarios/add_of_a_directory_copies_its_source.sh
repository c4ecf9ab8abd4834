# The operand is a folder with a dkms.conf; names come from the conf.
quick_in /root/work blink 1.0
echo more >/root/work/extra-file
run 0 dkms add /root/work
is_status 'blink/1.0: added'
has /usr/src/blink-1.0/dkms.conf /usr/src/blink-1.0/extra-file
links "$TREE/blink/1.0/source" /usr/src/blink-1.0
run 3 dkms add /root/work
says 'already'
cd work
run 3 dkms add .
