# NAME/VERSION, -m and -v, -m NAME/VERSION; options before and after the action; values after = too.
quick one 1.0
quick two 1.0
quick three 1.0
quick four 1.0
quick five 1.0
run 0 dkms add one/1.0
run 0 dkms add -m two -v 1.0
run 0 dkms -m three/1.0 add
run 0 dkms --module=four add -v 1.0
run 0 dkms -v 1.0 add five
is_status "$(printf '%s/1.0: added\n' five four one three two)"
