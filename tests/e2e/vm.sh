# shellcheck shell=bash
# vm.sh: a whole machine, started by systemd, under qemu's software emulation; sourced after inside.sh and boot.sh in a root with the
# layer `booted`. What this root holds is the machine's disk.

# Seconds that a start may take, with all that its script does.
VM_PATIENCE=${VM_PATIENCE:-900}

# only_this_kernel: headers of others go, which the machine would build for, too.
only_this_kernel() {
    local headers
    mapfile -t headers < <(dpkg-query -W -f '${Package}\n' 'linux-headers-*' | grep -v -e '-common' -e cloud)
    apt_remove "${headers[@]}"
    [ "$(kernels)" = "$KERNEL" ] || fail "kernels besides $KERNEL: $(kernels)"
}

# disk: the root as it is now becomes ./disk, on which the machine starts; sets what it needs to start.
disk() {
    local top=/tmp/disk.root
    systemctl mask --quiet serial-getty@ttyS0.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer
    rm -f /usr/sbin/policy-rc.d
    : >/etc/machine-id
    echo '/dev/vda / ext4 defaults 0 1' >/etc/fstab
    mkdir -p /var/log/journal
    # The script of a start is the machine's second disk; systemd has done all else by then.
    cat >/etc/systemd/system/scenario.target <<'END'
[Unit]
Requires=multi-user.target
After=multi-user.target
AllowIsolate=yes
END
    cat >/etc/systemd/system/scenario.service <<'END'
[Unit]
After=multi-user.target
[Service]
Type=exec
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
ExecStart=/bin/bash -c "tr -d '\\000' </dev/vdb >/run/scenario && exec /bin/bash /run/scenario"
[Install]
WantedBy=scenario.target
END
    systemctl enable --quiet scenario.service
    systemctl set-default --quiet scenario.target
    mkdir -p "$top"
    # Without what is mounted below it: /proc, /tmp, the repository.
    mount --bind / "$top"
    truncate -s 4G /tmp/disk
    mkfs.ext4 -q -O ^has_journal -E lazy_itable_init=1,root_owner=0:0 -d "$top" /tmp/disk
    umount "$top"
    starter
}

# starter: an initramfs with what mounts the disk, in ./starter.
starter() {
    local top=/tmp/starter file
    rm -rf "$top"
    mkdir -p "$top"/{bin,dev,proc,sys,root} "$top/lib/modules/$KERNEL"
    cp /bin/busybox "$top/bin/"
    cp "/lib/modules/$KERNEL"/modules.* "$top/lib/modules/$KERNEL/"
    for file in /bin/kmod $(ldd /bin/kmod | grep -o '/[^ ]*'); do
        install -D "$file" "$top$file"
    done
    (cd / && for file in virtio_pci virtio_blk virtio_rng ext4 crc32c_generic; do
        modprobe -S "$KERNEL" --show-depends "$file" | sed -n 's,^insmod /\([^ ]*\).*,\1,p'
    done | sort -u | xargs cp -t "$top" --parents)
    cat >"$top/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
ln -sf kmod /bin/modprobe
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in virtio_pci virtio_blk virtio_rng crc32c_generic ext4; do /bin/modprobe $module; done
mount -t ext4 /dev/vda /root || echo 'the disk was not mounted'
for place in proc sys dev; do mount --move /$place /root/$place; done
exec switch_root /root /lib/systemd/systemd
INIT
    chmod 755 "$top/init"
    (cd "$top" && find . | cpio --quiet -o -H newc | gzip -1) >starter
}

# start NAME [PARAMETER...]: starts the machine; what standard input says is run by bash, as root, when all of systemd's work for
# multi-user.target is done. What it prints is in ./NAME.console, and shown. The start ends when the machine is off or begins anew.
start() {
    local name=$1
    shift
    { cat; printf '\nsync\nsystemctl poweroff --force --force\n'; } >"$name.script"
    truncate -s %512 "$name.script"
    timeout "$VM_PATIENCE" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 1024 -nodefaults -no-user-config -display none \
        -serial stdio -no-reboot -device virtio-rng-pci -kernel "/boot/vmlinuz-$KERNEL" -initrd starter \
        -drive file=/tmp/disk,format=raw,if=virtio,cache=unsafe -drive "file=$name.script,format=raw,if=virtio,readonly=on" \
        -append "console=ttyS0 panic=-1 root=/dev/vda rw quiet systemd.show_status=no $*" |
        sed -u -e 's/\r//g' -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' | tee "$name.console" | sed -u "s/^/$name: /" ||
        fail "the machine did not end its start $name"
}

# never_on NAME REGEX: that start's console shows no such line.
never_on() { ! grep -E -- "$2" "$1.console" || fail "on the console of $1: $2"; }
# on NAME REGEX: that start's console shows such a line.
on() { grep -qE -- "$2" "$1.console" || fail "not on the console of $1: $2"; }
