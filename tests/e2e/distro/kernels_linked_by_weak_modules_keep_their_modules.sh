. /e2e/inside.sh
install_ours
mapfile -t all < <(kernels)
ONE=${all[0]} TWO=${all[1]} BARE=6.0.9-1.el9.x86_64
for kernel in "${all[@]}" $BARE; do mkdir -p "/lib/modules/$kernel"; depmod "$kernel"; done
rm /etc/os-release
is() { printf 'ID=%s\nID_LIKE="%s"\n' "$1" "$2" >/etc/os-release; }
module_source blink 1.0
cp -r blink-1.0 /usr/src/

# Debian has neither tool. This one takes what it is told, notes it, and does what those do: it links the modules of one kernel
# below weak-updates of all others, and takes such links away.
cat >/usr/local/bin/stand-in-for-weak-modules <<'SCRIPT'
#!/bin/bash
list=$(cat)
echo "$0 $*: $list" >>/tmp/told
[ ! -e /tmp/refuses ] || { echo 'not today' >&2; exit 3; }
while IFS= read -r file; do
    kernel=$(cut -d/ -f4 <<<"$file")
    for other in /lib/modules/[0-9]*; do
        [ "${other##*/}" != "$kernel" ] || continue
        link=$other/weak-updates/${file##*/}
        case "$*" in
            *--add-*) [ -e "$link" ] || [ -n "$(find "$other/extra" "$other/updates" -name "${file##*/}" 2>/dev/null)" ] || {
                mkdir -p "${link%/*}"; ln -sf "$file" "$link"; depmod "${other##*/}"; } ;;
            *) [ "$(readlink "$link")" != "$file" ] || { rm "$link"; depmod "${other##*/}"; } ;;
        esac
    done
done <<<"$list"
SCRIPT
chmod 755 /usr/local/bin/stand-in-for-weak-modules
rhel=/usr/sbin/weak-modules suse=/usr/lib/module-init-tools/weak-modules2
mkdir -p ${suse%/*}
ln -s /usr/local/bin/stand-in-for-weak-modules $rhel
ln -s /usr/local/bin/stand-in-for-weak-modules $suse
told_tool() { diff <(printf '%s\n' "$@") /tmp/told || fail 'the tool was told otherwise'; rm -f /tmp/told; }
nobody_was_told() { [ ! -e /tmp/told ] || fail "told: $(cat /tmp/told)"; }

for case in "rhel fedora $rhel extra" "opensuse-leap suse $suse updates"; do
    read -r id like tool place <<<"$case"
    step "$id"
    is "$id" "$like"
    case $tool in
        *2) add="--add-kernel-modules" remove="--remove-kernel-modules" ;;
        *) add="--no-initramfs --add-modules" remove="--no-initramfs --remove-modules" ;;
    esac
    with() { case $tool in *2) echo "$tool $1 $2:" ;; *) echo "$tool $1:" ;; esac; }

    ends_with 0 dkms install blink/1.0 -k "$ONE"
    told_tool "$(with "$add" "$ONE") /lib/modules/$ONE/$place/blink.ko"
    dkms status >status
    grep -qx "blink, 1.0, $TWO, x86_64: installed-weak from $ONE" status || fail 'the link is not seen'
    grep -qx "blink, 1.0, $BARE, x86_64: installed-weak from $ONE" status || fail 'the other link is not seen'

    step "$id: autoinstall leaves a linked kernel as it is"
    ends_with 0 dkms autoinstall -k "$TWO"
    nobody_was_told
    [ ! -e "/var/lib/dkms/blink/1.0/$TWO" ] || fail 'it was built'

    step "$id: the kernel with the build goes, and the linked one with headers gets its own before"
    ends_with 0 dkms kernel_prerm -k "$ONE" --dry-run
    told "^build .*$TWO.*used the build for kernel $ONE"
    ends_with 0 dkms kernel_prerm -k "$ONE"
    [ "$(head -n 1 /tmp/told)" = "$(with "$add" "$TWO") /lib/modules/$TWO/$place/blink.ko" ] || fail 'not first its own build'
    told_tool "$(with "$add" "$TWO") /lib/modules/$TWO/$place/blink.ko" "$(with "$remove" "$ONE") /lib/modules/$ONE/$place/blink.ko"
    installed blink 1.0 "$TWO"
    dkms status

    step "$id: NO_WEAK_MODULES"
    ends_with 0 dkms remove blink/1.0 --all
    rm -f /tmp/told
    echo 'NO_WEAK_MODULES="yes"' >/etc/dkms/blink.conf
    ends_with 0 dkms install blink/1.0 -k "$ONE"
    ends_with 0 dkms uninstall blink/1.0 -k "$ONE"
    nobody_was_told
    rm /etc/dkms/blink.conf

    step "$id: the tool fails: a warning"
    touch /tmp/refuses
    ends_with 0 dkms install blink/1.0 -k "$ONE"
    told "${tool##*/} ended with exit code 3: not today"
    installed blink 1.0 "$ONE"
    ends_with 0 dkms remove blink/1.0 --all
    rm -f /tmp/refuses /tmp/told
    find /lib/modules -name weak-updates -exec rm -r {} +
done

step 'without headers for any linked kernel the loss is named, and what would help'
is rhel fedora
ends_with 0 dkms install blink/1.0 -k "$ONE"
mv "/lib/modules/$TWO" /root/away
ends_with 0 dkms kernel_prerm -k "$ONE"
told "$BARE.*kernel-devel-uname-r = $BARE"
[ -z "$(dkms status -k $BARE | grep installed)" ] || fail 'the link leads to something'
mv /root/away "/lib/modules/$TWO"

step 'a kernel that is merely unpacked anew is no reason'
rm -f "/lib/modules/$TWO/weak-updates/blink.ko"
ends_with 0 dkms install blink/1.0 -k "$ONE"
ends_with 0 dkms kernel_preinst -k "$ONE"
[ ! -e "/var/lib/dkms/blink/1.0/$TWO" ] || fail 'it was built'

step 'Fedora has no weak links, whatever lies there'
is fedora ''
rm -f /tmp/told
ends_with 0 dkms install blink/1.0 -k "$ONE"
nobody_was_told
