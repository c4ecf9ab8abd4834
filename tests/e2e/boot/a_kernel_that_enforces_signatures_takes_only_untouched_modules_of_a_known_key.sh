# root: boot
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

# UEFI specification: EFI_VARIABLE_AUTHENTICATION_2 (8.2.2), EFI_SIGNATURE_LIST (32.4.1). Without a platform key the firmware is
# in setup mode and asks for no signature of the list.
step 'the firmware learns the certificate'
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
initramfs "
modprobe efivarfs
mount -t efivarfs efivarfs /sys/firmware/efi/efivars && cat /wrong/db >/sys/firmware/efi/efivars/db-$GUID_OF_DB && echo learned
" /wrong/db $(find "/lib/modules/$KERNEL/kernel" -name 'efivarfs.ko')
boot quiet "${firmware[@]}"
seen '^learned$'

step 'only the untouched one is loaded'
initramfs "
for file in $signed /wrong/*.ko; do
    insmod \$file 2>&1 && echo loads: \$file && rmmod blink || echo refused: \$file
done
" "$signed" /wrong/*.ko
boot 'quiet module.sig_enforce=1' "${firmware[@]}"
seen "^loads: $signed$"
[ "$(grep -c '^loads:' console)" -eq 1 ] || fail 'another one was loaded'
for wrong in unsigned tampered stripped stranger; do seen "^refused: /wrong/$wrong.ko$"; done
