# shellcheck shell=bash
# What package events cost, with thirty modules and three kernels.
. /e2e/inside.sh
. /e2e/transactions.sh

install_ours >/dev/null
KVER=6.5.0-bench
headers_deb $KVER >/dev/null && dpkg -i "linux-headers-$KVER.deb" >/dev/null
for n in $(seq 30); do module_source "bench$n" 1.0 && mv "bench$n-1.0" /usr/src/ && dkms add "bench$n/1.0" >/dev/null; done

# nothing WHAT WORD...: what an event costs that finds all as it should be.
nothing() { line "an event with nothing to do: $1" "$(fastest -n 40 -i /tmp/paths "${@:2}")" ms 10; }

title 'Package events, thirty modules for three kernels'
line 'the first time' "$(fastest -n 1 dkms reconcile)" ms
[ "$(dkms status | grep -c ': installed')" -eq 90 ] || fail 'not all is installed'
# A source that has just been written is read again; wait until it counts as old.
sleep 3
trigger=(/usr/lib/dkms/event dpkg-self postinst triggered '/usr/src /usr/lib/modules')
"${trigger[@]}" >/dev/null 2>&1
echo /usr/src/bench1-1.0/dkms.conf >/tmp/paths
nothing 'dpkg trigger' "${trigger[@]}"
nothing 'rpm file trigger' /usr/lib/dkms/event rpm-trigger transfiletriggerin 0
nothing 'kernel hook' /usr/lib/dkms/event kernel postinst "$KVER"
# What package managers ask before they unpack anything; here none of it is a kernel or a module.
{ printf 'VERSION 3\nDir=/\n\n'; for n in $(seq 300); do echo "package$n 1 amd64 none < 2 amd64 none /var/cache/$n.deb"; done; } >/tmp/steps
printf '#!/bin/bash\nexec 20</tmp/steps\nAPT_HOOK_INFO_FD=20 exec /usr/lib/dkms/event apt-preflight\n' >/tmp/apt && chmod 755 /tmp/apt
nothing 'apt with 300 packages, before it unpacks (and a bash)' /tmp/apt
echo usr/bin/other >/tmp/other
line 'pacman, before it unpacks' "$(fastest -n 40 -i /tmp/other /usr/lib/dkms/event pacman-preflight)" ms 10
# With 300 packages each: dnf 4's plugin names files, dnf 5 answers a question, zypper's commit plugin tells in frames.
words=()
for n in $(seq 300); do words+=("/var/cache/dnf/package$n-1-1.noarch.rpm"); done
line 'dnf 4 with 300 packages, before it unpacks' "$(fastest -n 40 /usr/lib/dkms/event dnf-preflight "${words[@]}")" ms 10
# listed FORMAT: a member of a JSON list for each package, of its number.
listed() { seq 300 | xargs printf "$1," | sed 's/,$//'; }
printf '{"op":"reply","return":{"trans_packages":[%s]}}\n' \
    "$(listed '{"action":"I","name":"package%s","evr":"1-1","arch":"noarch","location":"p.rpm"}')" >/tmp/answer
line 'dnf 5 with 300 packages, before it unpacks' "$(fastest -n 40 -i /tmp/answer /usr/lib/dkms/event dnf5-preflight)" ms 10
printf 'PLUGINBEGIN\n\n\0COMMITBEGIN\n\n{"TransactionStepList":[%s]}\0COMMITEND\n\n{}\0_DISCONNECT\n\n\0' \
    "$(listed '{"type":"+","solvable":{"n":"package%s","v":"1","r":"1","a":"noarch"}}')" >/tmp/frames
line 'zypper with 300 packages, before it unpacks' "$(fastest -n 40 -i /tmp/frames /usr/lib/dkms/event zypper-preflight)" ms 10
strace -f -c -e trace=execve -o /tmp/calls "${trigger[@]}" >/dev/null 2>&1
line 'processes started by the first of them' "$(awk '$NF == "execve" {print $4 - 1}' /tmp/calls)" ''
gone="dkms kernel_prerm -k $KVER >/dev/null 2>&1" back="/usr/lib/dkms/event kernel header_postinst $KVER >/dev/null 2>&1"
line 'a kernel comes back unchanged: thirty modules, none compiled' "$(fastest -n 5 -p "$gone" sh -c "$back")" ms 100
line 'of that, depmod' "$(fastest -n 10 depmod "$KVER")" ms
line 'a kernel with thirty modules goes' "$(fastest -n 5 -p "$back" sh -c "$gone")" ms
