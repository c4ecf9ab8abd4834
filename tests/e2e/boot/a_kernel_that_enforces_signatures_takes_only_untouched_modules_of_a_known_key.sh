# root: boot
# when: nightly
. /e2e/inside.sh
. /e2e/sign.sh
. /e2e/boot.sh
install_ours
image
module_source blink 1.0
cp -r blink-1.0 /usr/src/
ends_with 0 dkms install blink/1.0 -k "$KERNEL"
signed=$(module_files blink "$KERNEL")
signed_by "$signed" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub

step 'what is wrong with a module in all the ways'
mkdir /wrong
split "$signed"
cp /tmp/content /wrong/unsigned.ko
sed 's/says hello/says hallo/' "$signed" >/wrong/tampered.ko
! cmp -s "$signed" /wrong/tampered.ko || fail 'not tampered with'
cp "$signed" /wrong/stripped.ko && strip -g /wrong/stripped.ko
cp /tmp/content /wrong/stranger.ko
openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=stranger -keyout stranger.key -out stranger.pem 2>/dev/null
"$SIGN_FILE" sha256 stranger.key stranger.pem /wrong/stranger.ko

# told COMMAND: boots, has `dkms mok verify` say what the kernel will do with each file, and asks the kernel; then the same
# again with module.sig_enforce on; then COMMAND.
told() {
    initramfs "
mount -t securityfs securityfs /sys/kernel/security
modprobe efivarfs && mount -t efivarfs efivarfs /sys/firmware/efi/efivars
for manner in free enforced; do
    [ \$manner = free ] || echo Y >/sys/module/module/parameters/sig_enforce
    for file in $signed /wrong/*.ko; do
        said=\$(dkms mok verify \$file | sed -n 's/^    the running kernel: \([a-z]* *[a-z]* *[a-z]*\).*/\1/p')
        case \$said in loads*) said=loads ;; 'would not load') said=refused ;; esac
        if insmod \$file 2>&1; then rmmod blink; really=loads; else really=refused; fi
        echo \$manner: \$really: \$file
        echo told: \$said/\$really: \$manner \$file
    done
done
$1
" "$signed" /wrong/*.ko $(find "/lib/modules/$KERNEL/kernel" -name 'efivarfs.ko') /usr/sbin/dkms $(ldd /usr/sbin/dkms | grep -o '/[^ ]*') \
        /var/lib/dkms/mok.pub /etc/os-release "/boot/config-$KERNEL" /wrong/db
    boot quiet "${firmware[@]}"
    [ "$(grep -c '^told:' console)" -eq 10 ] || fail 'not all were asked for'
    ! grep '^told:' console | grep -vE '^told: (loads/loads|refused/refused):' || fail 'dkms mok told something else than the kernel did'
}
# load MANNER COUNT: how many did.
load() { [ "$(grep -c "^$1: loads:" console)" -eq "$2" ] || fail "$1: not $2 were loaded"; }

# UEFI specification: EFI_VARIABLE_AUTHENTICATION_2 (8.2.2), EFI_SIGNATURE_LIST (32.4.1). Without a platform key the firmware is
# in setup mode and asks for no signature of the list.
step 'what will teach the firmware the certificate'
little() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x00"; }
size=$(stat -c %s /var/lib/dkms/mok.pub)
{
    printf '\x27\x00\x00\x00' # non-volatile, for boot and run time, authenticated by time
    printf '\xea\x07\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' # the first day of 2026
    little 24; printf '\x00\x02\xf1\x0e' # a certificate of the form that follows, empty
    printf '\x9d\xd2\xaf\x4a\xdf\x68\xee\x49\x8a\xa9\x34\x7d\x37\x56\x65\xa7' # EFI_CERT_TYPE_PKCS7_GUID
    printf '\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72' # EFI_CERT_X509_GUID
    little $((28 + 16 + size)); little 0; little $((16 + size))
    head -c 16 /dev/zero # its owner
    cat /var/lib/dkms/mok.pub
} >/wrong/db
cp /usr/share/OVMF/OVMF_VARS_4M.fd vars
firmware=(-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive if=pflash,format=raw,file=vars)
step 'a key that nobody knows, until it is learned'
told "cat /wrong/db >/sys/firmware/efi/efivars/db-$GUID_OF_DB && echo learned"
load free 5
load enforced 0
seen '^learned$'

step 'only the untouched one is loaded; what does not fit is refused everywhere'
told ''
load free 4
seen '^free: refused: /wrong/tampered.ko$'
load enforced 1
seen "^enforced: loads: $signed$"
