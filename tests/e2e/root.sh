# shellcheck shell=bash
# root.sh: a second Debian root for scenarios of roots that do not run. Sourced after inside.sh.

# second_root: /target, a copy of this root as it is now, with the headers of another kernel instead of this one's. Nothing
# is mounted in it.
second_root() {
    mkdir -p /target /tmp/second
    # An overlay over the lab's own, where the kernel lets one stand on another; else a real copy.
    mkdir /tmp/second/changes /tmp/second/work
    mount -t overlay -o lowerdir=/,upperdir=/tmp/second/changes,workdir=/tmp/second/work second /target 2>/dev/null ||
        { mount -t tmpfs -o size=3g second /target && cp -ax /bin /sbin /lib* /etc /usr /var /root /target; }
    rm -rf /target/dev
    mkdir -p /target/{dev,proc,sys,run,tmp,boot}
    chmod 1777 /target/tmp
    rm -rf /target/usr/src/linux-headers-* /target/lib/modules/*
    in_target dpkg --purge --force-all $(in_target dpkg-query -W -f '${Package}\n' 'linux-headers-*')
    mkdir -p /target/repo
    mount --bind /repo /target/repo
    in_target apt-get -q -y install linux-headers-rt-amd64
    umount /target/repo
    KERNEL=$(basename "$(dirname "$(find /target/lib/modules/ -maxdepth 2 -name build)")")
    [[ $KERNEL == *-rt-amd64 ]] || fail "no headers of another kernel: $KERNEL"
    # What an image would bring: lists that stay.
    echo kernel/fs/ext4/ext4.ko >"/target/lib/modules/$KERNEL/modules.builtin"
    in_target depmod "$KERNEL"
}

# in_target CMD...: CMD inside /target, with devices and processes, which are gone afterwards.
in_target() {
    # shellcheck disable=SC2016 # expanded inside
    unshare --mount --propagation private bash -euc '
        mount --rbind /dev /target/dev
        mount -t proc proc /target/proc
        exec chroot /target "$@"' in_target "$@"
}

# host_state: everything of this root but /target and what never rests.
host_state() {
    find / \( -path /target -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run \) -prune -o \
        \( -type d -o -printf '%p %i %s %C@ %l\n' \) | sort
    cat /proc/self/mountinfo
}
remember_host() { host_state >/tmp/host; }
host_unchanged() { host_state | diff /tmp/host - || fail 'something changed outside /target'; }

# built_in_target NAME KERNEL: there, once, for that kernel, and known to its depmod. MODULES: where that root's link leads.
built_in_target() {
    local file
    local modules=${MODULES:-/target/lib/modules}
    file=$(find "$modules/$2/updates" -name "$1.ko*")
    [ -f "$file" ] || fail "not one file of $1 in /target: '$file'"
    [[ $(modinfo -F vermagic "$file") == "$2 "* ]] || fail "$file was built for another kernel"
    grep -q "^updates/dkms/$1.ko" "$modules/$2/modules.dep" || fail "depmod of /target does not know $1"
    [ -z "$(modinfo -F signer "$file")" ] || fail "$file is signed"
    [ -z "$(find /target/var/lib/dkms -name 'mok.*')" ] || fail 'a key was made in /target'
}
