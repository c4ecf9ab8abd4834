# root: booted selinux
# when: nightly
# at most: 2400
# Debian's policy, on a machine that systemd started: at first it only notes what it would refuse, then it refuses.
. /e2e/inside.sh
. /e2e/boot.sh
. /e2e/vm.sh
install_ours
image
only_this_kernel
module_source blink 1.0 'blink says hello'
cp -r blink-1.0 /usr/src/
ends_with 0 dkms add blink/1.0
mkdir -p /var/log/journal
sed -i 's/^SELINUX=.*/SELINUX=permissive/' /etc/selinux/config
step 'every file has the label that the policy names'
# One by one: in a layered root each file counts as another file system's, which setfiles passes over.
find / -mindepth 1 \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /repo -o -path /packages -o -path /e2e \) -prune -o -print |
    setfiles -m -F -f - /etc/selinux/default/contexts/files/file_contexts 2>&1 | tail -n 3
getfattr --only-values -n security.selinux /lib/systemd/systemd | grep -q :init_exec_t: || fail 'nothing was labelled'
disk
# What makes the disk leaves out the label of its first folder.
printf 'system_u:object_r:root_t:s0\0' >label
debugfs -w -R 'ea_set -f label <2> security.selinux' /tmp/disk

step 'what would be refused while a unit builds, and while a person does; then it is'
cat >asked <<'SCRIPT'
said() { sed "s/^/$1: /"; }
# Each refusal since the last time that is about us or what we start, once; the rest is Debian's own.
refused() {
    { dmesg -c; journalctl -b -o cat _TRANSPORT=audit; } | grep 'avc:  *denied' | sed -E 's/^.*(avc:)/\1/; s/(pid|ino|dev)=[^ ]*//g' | sort -u >/run/all
    grep -E 'dkms|kmod|modules_object|comm="(make|cc1|gcc.*|sh|bash|as|ld|objtool|strip|depmod|modprobe|sign-file)"' /run/all | said "refused $1"
    wc -l </run/all | said "all $1"
}
systemctl is-system-running --wait | said state
getenforce | said mode
dkms status | said status
modprobe blink && grep '^blink ' /proc/modules | said loaded
rmmod blink
systemctl show dkms.service -p Result -p ExecMainStatus | said unit
ls -Z /lib/modules/*/updates/dkms/blink.ko* /usr/sbin/dkms /var/lib/dkms/mok.key | said label
refused unit
dkms remove blink/1.0 --all 2>&1 | said remove
dkms install --force /usr/src/blink-1.0 2>&1 | said install
refused person
setenforce 1; getenforce | said mode
dkms remove blink/1.0 --all 2>&1 | said remove2
dkms add blink/1.0 2>&1 | said add2
systemctl restart dkms.service
dkms status | said status2
systemctl show dkms.service -p Result -p ExecMainStatus | said unit2
modprobe blink && grep '^blink ' /proc/modules | said loaded2
refused enforced
setenforce 0
SCRIPT
start first security=selinux selinux=1 enforcing=0 <asked
on first '^mode: Permissive$'
on first "^status: blink/1.0, $KERNEL, x86_64: installed"
on first '^loaded: blink '
on first '^label: .*:modules_object_t:s0 /lib/modules/.*/blink.ko'
on first '^mode: Enforcing$'
on first "^status2: blink/1.0, $KERNEL, x86_64: installed"
on first '^loaded2: blink '
never_on first '^refused '
