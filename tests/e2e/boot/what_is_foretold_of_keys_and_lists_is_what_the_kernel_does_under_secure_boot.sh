# root: secureboot
# when: nightly
# at most: 1500
. /e2e/inside.sh
. /e2e/sign.sh
. /e2e/boot.sh
install_ours
image

# Each key is named by the lists that have it: the firmware's database, shim's list of the owner, none; and by those of what is
# forbidden, as a certificate or as the digest of one. `digest48` has a time of revocation behind it, as the specification wants.
KEYS=(mok db nobody db_dbx mok_dbx mok_mokx db_dbxdigest mok_dbxdigest mok_dbxdigest48 mok_mokxdigest)
# Two that sign one module: of either order, and where neither is known.
PAIRS=(mok_and_nobody nobody_and_mok nobody_and_db nobody_and_db_dbx)
STATES=(unsigned)
for key in "${KEYS[@]}" "${PAIRS[@]}"; do STATES+=("${key}_whole" "${key}_tampered"); done

step 'a module for each state: one that is made once, under the name of each'
mkdir /usr/src/states-1.0
{
    printf 'PACKAGE_NAME=states\nPACKAGE_VERSION=1.0\nAUTOINSTALL=yes\n'
    echo "MAKE=\"make all KVER=\$kernelver STATES='${STATES[*]}'\""
    number=0
    for state in "${STATES[@]}"; do
        printf 'BUILT_MODULE_NAME[%s]=%s\nDEST_MODULE_LOCATION[%s]=/updates\n' $number "$state" $number
        number=$((number + 1))
    done
} >/usr/src/states-1.0/dkms.conf
cat >/usr/src/states-1.0/Makefile <<'MAKEFILE'
obj-m := state.o
all:
	$(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR) modules
	for state in $(STATES); do cp state.ko $$state.ko; done
MAKEFILE
printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("says hello");\n' >/usr/src/states-1.0/state.c
ends_with 0 dkms install states/1.0 -k "$KERNEL"

step 'keys, of which the first is the one that dkms made'
mkdir keys
cp /var/lib/dkms/mok.key keys/mok.key
cp /var/lib/dkms/mok.pub keys/mok.der
for key in "${KEYS[@]:1}"; do
    openssl req -new -x509 -newkey rsa:2048 -nodes -subj "/CN=$key" -days 3650 -keyout "keys/$key.key" -outform DER \
        -out "keys/$key.der" 2>/dev/null
done
# The signed part of a certificate is the first element of its sequence.
for key in "${KEYS[@]}"; do
    openssl asn1parse -inform DER -in "keys/$key.der" -strparse 4 -noout -out tbs
    openssl dgst -sha256 -binary tbs >"keys/$key.digest"
done
for state in "${STATES[@]}"; do
    file=$(module_files "$state" "$KERNEL")
    split "$file"
    cp /tmp/content "$file"
    [ "$state" != unsigned ] || continue
    key=${state%_*}
    if [[ $key == *_and_* ]]; then
        signers=()
        for one in "${key%%_and_*}" "${key#*_and_}"; do
            openssl x509 -inform DER -in "keys/$one.der" -out "keys/$one.pem"
            signers+=(-signer "keys/$one.pem" -inkey "keys/$one.key")
        done
        openssl cms -sign -binary -noattr -nocerts -md sha256 "${signers[@]}" -in "$file" -outform DER -out both
        "$SIGN_FILE" -s both sha256 "keys/$one.der" "$file"
    else
        "$SIGN_FILE" sha256 "keys/$key.key" "keys/$key.der" "$file"
    fi
    [ "${state##*_}" = whole ] || sed -i 's/says hello/says hallo/' "$file"
done

step 'firmware with the keys of Microsoft, by which it starts shim, and with ours'
cp /usr/share/OVMF/OVMF_VARS_4M.ms.fd on
perl /e2e/efivars.pl on db:x509:keys/db.der db:x509:keys/db_dbx.der db:x509:keys/db_dbxdigest.der \
    dbx:x509:keys/db_dbx.der dbx:x509:keys/mok_dbx.der \
    dbx:digest:keys/db_dbxdigest.digest dbx:digest:keys/mok_dbxdigest.digest dbx:digest48:keys/mok_dbxdigest48.digest \
    MokListX:x509:keys/mok_mokx.der MokListX:digest:keys/mok_mokxdigest.digest \
    $(printf 'MokList:x509:keys/%s.der ' mok mok_dbx mok_mokx mok_dbxdigest mok_dbxdigest48 mok_mokxdigest)
cp on off && perl /e2e/efivars.pl off SecureBootEnable:byte:0
cp on unverified && perl /e2e/efivars.pl unverified MokSBState:byte:1

# What init does: `dkms mok status` foretells, the kernel answers; once more after `echo Y` where `then` is in its words.
cat >answers <<'SCRIPT'
mount -t securityfs securityfs /sys/kernel/security
modprobe efivarfs && mount -t efivarfs efivarfs /sys/firmware/efi/efivars
answers() {
    dkms mok status >/told 2>&1
    sed -n 's/^firmware: /machine: /p' /told
    for state in $STATES; do
        said=$(sed -n "s,^states/.*/$state\.ko: \(loads\|would not load\|cannot be told\).*,\1,p" /told)
        case $said in 'would not load') said=refused ;; esac
        if insmod /lib/modules/*/updates/dkms/$state.ko 2>/dev/null; then rmmod state; really=loads; else really=refused; fi
        echo "answer: $1 $state $said $really"
    done
}
answers "$(sed 's/.*manner=\([^ ]*\).*/\1/' /proc/cmdline)"
if grep -q then=enforced /proc/cmdline; then
    echo Y >/sys/module/module/parameters/sig_enforce
    answers off+sig_enforce
fi
SCRIPT
strip -o /tmp/dkms /usr/sbin/dkms && cp /tmp/dkms /usr/sbin/dkms
initramfs "STATES='${STATES[*]}'
$(cat answers)" $(find "/lib/modules/$KERNEL" -name efivarfs.ko -o -path '*/updates/*.ko') \
    /usr/sbin/dkms $(ldd /usr/sbin/dkms | grep -o '/[^ ]*') /etc/os-release "/boot/config-$KERNEL" \
    /var/lib/dkms/mok.pub /usr/src/states-1.0/dkms.conf
cp -a --parents /var/lib/dkms /tmp/initramfs/
rm -rf /tmp/initramfs/var/lib/dkms/states/1.0/build
(cd /tmp/initramfs && find . | cpio --quiet -o -H newc | gzip -1) >initramfs

# started VARIABLES MANNER [WORD...]: from firmware over shim and grub; words for the kernel. The answers are in MANNER.console.
started() {
    local variables=$1 manner=$2 place=started-$2
    shift 2
    mkdir -p "$place"/esp/EFI/{BOOT,debian}
    cp "$variables" "$place/variables"
    cp /usr/lib/shim/shimx64.efi.signed "$place/esp/EFI/BOOT/BOOTX64.EFI"
    cp /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed "$place/esp/EFI/BOOT/grubx64.efi"
    ln "/boot/vmlinuz-$KERNEL" "$place/esp/vmlinuz" 2>/dev/null || cp "/boot/vmlinuz-$KERNEL" "$place/esp/vmlinuz"
    cp initramfs "$place/esp/"
    printf 'linux /vmlinuz console=ttyS0 panic=-1 rdinit=/init quiet manner=%s %s\ninitrd /initramfs\nboot\n' "$manner" "$*" \
        >"$place/esp/EFI/debian/grub.cfg"
    timeout 600 qemu-system-x86_64 -accel tcg -machine q35,smm=on -m 512 -nodefaults -no-user-config -display none -serial stdio \
        -no-reboot -global driver=cfi.pflash01,property=secure,value=on \
        -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd \
        -drive "if=pflash,format=raw,file=$place/variables" -drive "file=fat:rw:$place/esp,format=raw" 2>&1 |
        sed -u -e 's/\r//g' -e 's/\x1b\[[0-9;=]*[A-Za-z]//g' >"$manner.console" || echo 'qemu ended otherwise' >>"$manner.console"
    grep -q '^init is done$' "$manner.console" || { tail -n 40 "$manner.console"; fail "$manner: the kernel did not come to the end of init"; }
}

step 'four starts'
started on on & first=$!
started off off then=enforced
wait $first
started off off+lockdown lockdown=integrity & first=$!
started unverified on+unverified
wait $first
# The firmware and its switches were as they should be.
grep -qx 'machine: Secure Boot is on' on.console
grep -qx 'machine: Secure Boot is off' off.console
grep -qx "machine: Secure Boot is on, but shim's validation is off" on+unverified.console

step 'foretold, and answered by the kernel'
cat ./*.console | sed -n 's/^answer: //p' | sed 's/cannot be told/untold/' >answered
printf '%-16s %-26s %-10s %s\n' machine module foretold 'the kernel'
while read -r manner state said really; do printf '%-16s %-26s %-10s %s\n' "$manner" "$state" "$said" "$really"; done <answered
[ "$(wc -l <answered)" -eq $((5 * ${#STATES[@]})) ] || fail 'not every module was tried in every state'
awk '$3 != $4' answered >wrong
[ ! -s wrong ] || fail "foretold was something else: $(cat wrong)"
# Both answers are among them in each state: nothing was agreed on because nothing was asked.
for manner in on off off+sig_enforce off+lockdown on+unverified; do
    [ "$(awk -v m="$manner" '$1 == m {print $4}' answered | sort -u | wc -l)" -eq 2 ] || fail "$manner: one answer for all"
done
echo "$(wc -l <answered) of $(wc -l <answered) as foretold"
