# when: nightly
# at most: 900
# One processor and a control group of a gigabyte: whoever asks for more is ended by the kernel, a package manager as well.
. /e2e/inside.sh
install_ours

step 'a group of a gigabyte'
mount -t tmpfs groups /sys/fs/cgroup
mkdir /sys/fs/cgroup/memory
if mount -t cgroup -o memory groups /sys/fs/cgroup/memory; then
    group=/sys/fs/cgroup/memory/gigabyte events=memory.oom_control limit=memory.limit_in_bytes most=memory.max_usage_in_bytes
else
    umount /sys/fs/cgroup
    mount -t cgroup2 groups /sys/fs/cgroup
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control
    group=/sys/fs/cgroup/gigabyte events=memory.events limit=memory.max most=memory.peak
fi
mkdir "$group"
trap 'echo 0 >"$(dirname "$group")/cgroup.procs"; rmdir "$group"' EXIT
echo $((1 << 30)) >"$group/$limit"
echo $$ >"$group/cgroup.procs"
# How many processes the kernel has ended here for want of memory.
ended() { awk '$1 == "oom_kill" {print $2}' "$group/$events"; }

step 'real modules, all at once'
one_processor() { taskset -c 0 "$@"; }
DEBIAN_FRONTEND=noninteractive one_processor apt-get -q -y install digimend-dkms dm-writeboost-dkms v4l2loopback-dkms
for name in digimend dm-writeboost v4l2loopback; do
    dkms status -m $name | grep -q ': installed$' || fail "$name"
done
[ "$(ended)" -eq 0 ] || fail 'the kernel ended something'
echo "at most $(($(cat "$group/$most") >> 20)) MiB, files in memory included"

step 'a build that takes three gigabytes is ended as its own failure'
module_source greedy 1.0
cp -r greedy-1.0 /usr/src/
printf 'all:\n\thead -c 3G /dev/zero | tail >/dev/null\n' >/usr/src/greedy-1.0/Makefile
printf 'MAKE="make"\n' >>/usr/src/greedy-1.0/dkms.conf
ends_with 0 dkms add greedy/1.0
ends_with 10 one_processor dkms build greedy/1.0 -k "$(kernels | tail -n 1)"
# By ourselves, or by the kernel where that is quicker; it takes the room and nobody else.
told 'memory ran out: (its processes took more than 896 MiB|the kernel ended it)|there was not enough memory'
