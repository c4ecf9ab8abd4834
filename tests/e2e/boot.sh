# shellcheck shell=bash
# boot.sh: a real kernel under qemu's software emulation; sourced after inside.sh in a root with the layer `boot`.

GUID_OF_DB=d719b2cb-3d3a-4596-a3bc-dad00e67656f

# image: the kernel's image package, whose hooks build our modules; sets KERNEL.
image() {
    apt_install linux-image-cloud-amd64
    KERNEL=$(basename "$(realpath /vmlinuz 2>/dev/null || ls -d /boot/vmlinuz-*)" | sed 's/^vmlinuz-//')
    [ -e "/boot/vmlinuz-$KERNEL" ] || fail 'no kernel image'
}

# initramfs SCRIPT [FILE...]: busybox, kmod, the kernel's module lists, those of its modules that are loaded here, the FILEs at
# their places, and an init that runs SCRIPT and powers off; in ./initramfs.
initramfs() {
    local script=$1 root=/tmp/initramfs file
    shift
    rm -rf $root
    mkdir -p $root/{bin,proc,sys,dev,tmp,etc} "$root/lib/modules/$KERNEL"
    cp /bin/busybox $root/bin/
    cp "/lib/modules/$KERNEL"/modules.* "$root/lib/modules/$KERNEL/"
    for file in /bin/kmod "$@" $(ldd /bin/kmod | grep -o '/[^ ]*'); do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
    cat >$root/init <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
# The shell would take its own tools of these names, whatever lies in /bin.
for tool in modprobe insmod modinfo; do
    ln -sf kmod /bin/\$tool
    eval "\$tool() { /bin/\$tool \"\\\$@\"; }"
done
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
$script
echo "init is done"
poweroff -f
INIT
    chmod 755 $root/init
    (cd $root && find . | cpio --quiet -o -H newc | gzip -1) >initramfs
}

# boot PARAMETERS [QEMU-ARGUMENT...]: runs the kernel; what it and init said is in ./console.
boot() {
    local parameters=$1
    shift
    timeout 120 qemu-system-x86_64 -accel tcg -m 512 -nodefaults -no-user-config -display none -serial stdio -no-reboot "$@" \
        -kernel "/boot/vmlinuz-$KERNEL" -initrd initramfs -append "console=ttyS0 panic=-1 rdinit=/init $parameters" |
        sed -u -e 's/\r//g' -e 's/\x1b\[[0-9;=]*[A-Za-z]//g' | tee console
    grep -q '^init is done$' console || fail 'the kernel did not come to the end of init'
}

# seen REGEX: the console shows such a line.
seen() { grep -qE -- "$1" console || fail "not on the console: $1"; }
