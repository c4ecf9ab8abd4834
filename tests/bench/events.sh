# shellcheck shell=bash
# events.sh: what events cost, in a throw-away root with 30 modules and 3 kernels; run in it by `events`.
. /e2e/inside.sh
. /e2e/transactions.sh

install_ours >/dev/null
KVER=6.5.0-bench
headers_deb $KVER >/dev/null && dpkg -i "linux-headers-$KVER.deb" >/dev/null
for n in $(seq 30); do module_source "bench$n" 1.0 && mv "bench$n-1.0" /usr/src/ && dkms add "bench$n/1.0" >/dev/null; done

# seconds CMD...: how long it takes, in milliseconds; the fastest of $RUNS.
fastest() {
    local best='' begin took
    for _ in $(seq "${RUNS-20}"); do
        begin=$EPOCHREALTIME
        "$@" >/dev/null 2>&1 </dev/null
        took=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", (b - a) * 1000}')
        best=$(printf '%s\n' "$took" $best | sort -g | sed -n 1p)
    done
    echo "$best"
}
row() { printf '%-72s %10s ms\n' "$1" "$2"; }
kernel_comes_again() { dkms kernel_prerm -k $KVER; /usr/lib/dkms/event kernel header_postinst $KVER; }
trigger() { /usr/lib/dkms/event dpkg-self postinst triggered '/usr/src /usr/lib/modules'; }
paths() { printf '%s\n' /usr/src/bench1-1.0/dkms.conf | /usr/lib/dkms/event rpm-trigger transfiletriggerin 0; }

row '30 modules for 3 kernels, the first time' "$(RUNS=1 fastest dkms reconcile)"
[ "$(dkms status | grep -c ': installed')" -eq 90 ] || fail 'not all is installed'
# A source that has just been written is read again; wait until it counts as old.
sleep 3; trigger >/dev/null 2>&1
row 'an event with nothing to do: dpkg trigger' "$(fastest trigger)"
row 'an event with nothing to do: rpm file trigger' "$(fastest paths)"
row 'an event with nothing to do: kernel hook' "$(fastest /usr/lib/dkms/event kernel postinst $KVER)"
strace -f -c -e trace=execve -o /tmp/calls /usr/lib/dkms/event dpkg-self postinst triggered /usr/src >/dev/null 2>&1
row '  processes started by it' "$(awk '$NF == "execve" {print $4 - 1}' /tmp/calls) -"
row 'a kernel goes and comes back unchanged, 30 modules (nothing is compiled)' "$(RUNS=3 fastest kernel_comes_again)"
