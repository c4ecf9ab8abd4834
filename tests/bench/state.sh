# shellcheck shell=bash
# root: shell
# Questions and empty work with thirty modules installed on three kernels: one real build, copied under other names.
third=6.1.0-99-amd64
first=$(basename "$(dirname "$(echo /lib/modules/*-cloud-*/build)")")
mkdir "/lib/modules/$third"
cp -a "/lib/modules/$first/build" "/lib/modules/$third/build"
source_of m0
dkms install m0/1.0 -k "$first" >/dev/null
made=/var/lib/dkms/m0/1.0/$first/x86_64
for ((n = 0; n < 30; n++)); do
    source_of "m$n"
    for kernel in $(ls /lib/modules); do
        at=/var/lib/dkms/m$n/1.0/$kernel/x86_64
        [ -d "$at" ] || { mkdir -p "$(dirname "$at")"; cp -a "$made" "$at"; [ "$n" = 0 ] || mv "$at/module/m0.ko" "$at/module/m$n.ko"; }
        ln -sfn "/usr/src/m$n-1.0" "/var/lib/dkms/m$n/1.0/source"
        ln -sfn "1.0/$kernel/x86_64" "/var/lib/dkms/m$n/kernel-$kernel-x86_64"
        mkdir -p "/lib/modules/$kernel/updates/dkms"
        cp "$at/module/m$n.ko" "/lib/modules/$kernel/updates/dkms/"
    done
done
diff <(dkms status) <($OURS status) || { echo 'the two do not agree on the state'; exit 1; }
[ "$(dkms status | grep -c ': installed$')" -eq 90 ] || { echo 'not what was to be measured'; exit 1; }

# calls NAME CMD...: how often CMD and what it starts make a system call.
calls() {
    local name=$1
    shift
    strace -f -c -e "trace=$name" -o /tmp/calls "$@" >/dev/null 2>&1
    awk '$NF == "total" {print $(NF - 1) + 0}' /tmp/calls
}

title 'Thirty modules installed on three kernels'
heading original
row 'status' "$(fastest -n 3 dkms status)" "$(fastest $OURS status)" '100x, 20'
row 'status of one module' "$(fastest -n 3 dkms status m7)" "$(fastest $OURS status m7)"
row 'status for one kernel' "$(fastest -n 3 dkms status -k "$first")" "$(fastest $OURS status -k "$first")"
# The first run takes the builds of the original over. A source that has just been written is read again by later ones;
# wait until it counts as old.
sleep 3
$OURS autoinstall -k "$first" >/dev/null
row 'autoinstall with nothing to do' "$(fastest -n 3 dkms autoinstall -k "$first")" "$(fastest $OURS autoinstall -k "$first")" 20
line 'processes started by status' "$(($(calls execve $OURS status) - 1))" '' 0
line 'processes started by autoinstall with nothing to do' "$(($(calls execve $OURS autoinstall -k "$first") - 1))" '' 0
strace -f -e trace=openat,open -o /tmp/opened $OURS status >/dev/null 2>&1
# Once for the links of weak-modules, once for what waits.
line 'folders below /lib/modules that status lists' "$(grep -c '"/lib/modules.*O_DIRECTORY.* = [0-9]' /tmp/opened || :)" '' 2
line 'module files that status reads, none of which was touched since it was taken over' \
    "$(grep -c '"/lib/modules/'"$first"'/.*\.ko.*O_RDONLY' /tmp/opened || :)" '' 0
line 'memory of status' "$(memory $OURS status)" MiB 30
line 'memory of autoinstall with nothing to do' "$(memory $OURS autoinstall -k "$first")" MiB 30
