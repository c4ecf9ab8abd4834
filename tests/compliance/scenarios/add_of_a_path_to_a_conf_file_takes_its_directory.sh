quick_in /root/work blink 1.0
run 0 dkms add /root/work/dkms.conf
is_status 'blink/1.0: added'
has /usr/src/blink-1.0/README
