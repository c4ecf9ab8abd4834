# What the kernel's tools know of its modules. A kernel that is not there needs nothing.
refresh() {
    [ -e "$folder/modules.builtin" ] && command -v depmod >/dev/null 2>&1 || return 0
    depmod "$kernel" </dev/null || echo "$package: depmod failed for $kernel (exit code $?)" >&2
    image='' list='' make=''
    if command -v lsinitramfs >/dev/null 2>&1 && command -v update-initramfs >/dev/null 2>&1; then
        image=/boot/initrd.img-$kernel list=lsinitramfs make='update-initramfs -u -k'
    elif command -v lsinitrd >/dev/null 2>&1 && command -v dracut >/dev/null 2>&1; then
        for image in "/boot/initramfs-$kernel.img" "/boot/initrd-$kernel" "/boot/initrd.img-$kernel"; do
            [ ! -e "$image" ] || break
        done
        list=lsinitrd make='dracut -q -f --kver'
    fi
    # Only an image that holds one of the modules holds an old one now.
    [ -e "$image" ] || return 0
    held=$("$list" "$image" </dev/null 2>/dev/null) || return 0
    for module in @MODULES@; do
        module=${module##*/}
        case $held in
            *"/${module%.ko*}.ko"*)
                # shellcheck disable=SC2086 # a command with its options
                $make "$kernel" </dev/null >&2 || echo "$package: $image could not be made anew" >&2
                return 0
                ;;
        esac
    done
}
