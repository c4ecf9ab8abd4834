# root: boot
# when: nightly
. /e2e/inside.sh
. /e2e/sign.sh
. /e2e/boot.sh
install_ours
image
kernel_modules() { find "/lib/modules/$KERNEL/kernel" -name "*$1" -print0; }

# installs NAME SUFFIX: a module, for the kernel as it is now.
installs() {
    module_source "$1" 1.0 "$1 says hello"
    cp -r "$1-1.0" /usr/src/
    ends_with 0 dkms install "$1/1.0" -k "$KERNEL"
    [[ $(module_files "$1" "$KERNEL") == *$2 ]] || fail "not compressed as the kernel's own: $(module_files "$1" "$KERNEL")"
    signed_by "$(module_files "$1" "$KERNEL")" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub
}

step 'one module for each way of compressing that Debian'"'"'s kmod reads'
installs plain .ko
kernel_modules .ko | xargs -0 -P2 -n 50 xz -0 --check=crc32
installs xzed .ko.xz
kernel_modules .ko.xz | xargs -0 -P2 -n 50 unxz
kernel_modules .ko | xargs -0 -P2 -n 50 zstd -q -1 --rm
installs zstded .ko.zst

initramfs "
for module in plain xzed zstded; do
    modprobe \$module && echo loaded: \$(grep -o \"^\$module\" /proc/modules)
    echo id: \$module \$(modinfo -F sig_id \$module) \$(modinfo -F signer \$module)
done
dmesg | grep 'says hello'
" /lib/modules/"$KERNEL"/updates/dkms/*
boot quiet
for module in plain xzed zstded; do
    seen "^loaded: $module$"
    seen "^id: $module PKCS#7 DKMS module signing key"
    seen "\\] $module says hello$"
done
