. /e2e/inside.sh
mount -t tmpfs none /sys/firmware && mkdir -p /sys/firmware/efi/efivars
SHIM=605dab50-e046-4300-abb6-3dd810dd8b23
# Numbers as firmware writes them, the lowest byte first.
le32() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 24 & 255)))"; }
# signature_list FILE: attributes, and a list of one X.509 certificate (UEFI 2.10, 32.4.1).
signature_list() {
    local size
    size=$(stat -c %s "$1")
    printf '\x06\0\0\0\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72'
    le32 $((28 + 16 + size)) && le32 0 && le32 $((16 + size))
    printf '0123456789abcdef' && cat "$1"
}
enrolled() { signature_list "$1" >/sys/firmware/efi/efivars/MokListRT-$SHIM; rm -f /sys/firmware/efi/efivars/MokNew-$SHIM; }
printf '\x06\0\0\0\x01' >/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
# It asks for a password and tells shim; here it only writes down what it was asked.
printf '#!/bin/sh\necho "$*" >>/var/log/mokutil\ncp "$2" /tmp/asked\n' >/usr/bin/mokutil && chmod 755 /usr/bin/mokutil
asked() { wc -l </var/log/mokutil; }

install_ours
ends_with 1 dkms mok enroll
told 'there is no key to enroll'
module_source blink 1.0 && mv blink-1.0 /usr/src/
dkms add blink/1.0
for kernel in $(kernels); do dkms install blink/1.0 -k "$kernel" >/dev/null; done
installed blink 1.0

step 'asked for once'
ends_with 0 dkms mok enroll
told 'choose "Enroll MOK"'
[ "$(cat /var/log/mokutil)" = '--import /var/lib/dkms/mok.pub' ] || fail 'mokutil was asked otherwise'
signature_list /tmp/asked >/sys/firmware/efi/efivars/MokNew-$SHIM
ends_with 0 dkms mok enroll
told 'waits for you'
[ "$(asked)" -eq 1 ] || fail 'asked twice'
enrolled /var/lib/dkms/mok.pub
ends_with 0 dkms mok enroll
told 'there is nothing to do'

step 'another key: the old one signs until the new one is enrolled, where kernels insist'
logs=$(find /var/lib/dkms/blink -name make.log -newer /tmp/asked | wc -l)
cp /var/lib/dkms/mok.pub /tmp/first
ends_with 0 dkms mok rotate
if grep -q 'the old one signs until it is enrolled' <<<"$output"; then
    cmp /var/lib/dkms/mok.pub /tmp/first || fail 'the old one signs no more'
    ends_with 0 dkms mok enroll
    [ "$(asked)" -eq 2 ] || fail 'not asked for the new one'
    enrolled /var/lib/dkms/mok.pub.next
    ends_with 0 dkms mok rotate
fi
! cmp -s /var/lib/dkms/mok.pub /tmp/first || fail 'the key is the old one'
cmp /var/lib/dkms/mok.pub.old /tmp/first || fail 'the old certificate is not there'
! grep -q 'building' <<<"$output" || fail 'it was built again'
for kernel in $(kernels); do
    ends_with 0 dkms mok verify "$(module_files blink "$kernel")"
    told 'the signature fits'
done
