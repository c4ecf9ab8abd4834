# 1: no name or version; 2: no source; 4: no dkms.conf; an absolute path without a dkms.conf is taken for a name.
mkdir -p /root/empty /usr/src/hollow-1.0
run 1 dkms add
run 1 dkms add blink
run 1 dkms add -v 1.0
run 2 dkms add blink/1.0
says '/usr/src/blink-1.0'
run 1 dkms add /root/empty
run 2 dkms add some/where
run 4 dkms add hollow/1.0
run 4 dkms add hollow/1.0 -c /root/none.conf
is_status ''
