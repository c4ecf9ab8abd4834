# shellcheck shell=bash
# What package events cost, with thirty modules and three kernels.
. /e2e/inside.sh
. /e2e/transactions.sh

install_ours >/dev/null
KVER=6.5.0-bench
headers_deb $KVER >/dev/null && dpkg -i "linux-headers-$KVER.deb" >/dev/null
for n in $(seq 30); do module_source "bench$n" 1.0 && mv "bench$n-1.0" /usr/src/ && dkms add "bench$n/1.0" >/dev/null; done

# each WHAT ROUNDS CMD: a line for what sh makes of CMD.
each() { line "$1" "$(fastest -n "$2" sh -c "$3")" ms; }

title 'Package events, thirty modules for three kernels'
each 'the first time' 1 'dkms reconcile'
[ "$(dkms status | grep -c ': installed')" -eq 90 ] || fail 'not all is installed'
# A source that has just been written is read again; wait until it counts as old.
sleep 3
trigger="/usr/lib/dkms/event dpkg-self postinst triggered '/usr/src /usr/lib/modules'"
sh -c "$trigger" >/dev/null 2>&1
each 'an event with nothing to do: dpkg trigger' 20 "$trigger"
each 'an event with nothing to do: rpm file trigger' 20 \
    'echo /usr/src/bench1-1.0/dkms.conf | /usr/lib/dkms/event rpm-trigger transfiletriggerin 0'
each 'an event with nothing to do: kernel hook' 20 "/usr/lib/dkms/event kernel postinst $KVER"
strace -f -c -e trace=execve -o /tmp/calls /usr/lib/dkms/event dpkg-self postinst triggered /usr/src >/dev/null 2>&1
line 'processes started by the first of them' "$(awk '$NF == "execve" {print $4 - 1}' /tmp/calls)" ''
each 'a kernel goes and comes back unchanged (nothing is compiled)' 3 \
    "dkms kernel_prerm -k $KVER; /usr/lib/dkms/event kernel header_postinst $KVER"
