# when: nightly
. /e2e/inside.sh
. /e2e/sign.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src
dkms add blink/1.0

step 'a pair of somebody else, beside the one that dkms makes'
mkdir /etc/keys
openssl req -new -x509 -newkey rsa:2048 -nodes -subj '/CN=the second' -days 3650 -keyout /etc/keys/second.key -outform DER \
    -out /etc/keys/second.der 2>/dev/null
fresh 'second_signing_key=/etc/keys/second.key' 'second_certificate=/etc/keys/second.der'
install_blink

# accepted: openssl takes the signature of the module, which has as many signers as there are keys, and finds each right.
accepted() {
    split "$(blink)" || fail 'it is not signed'
    for file in /var/lib/dkms/mok.pub /etc/keys/second.der; do openssl x509 -inform DER -in "$file"; done >both.pem
    openssl cms -verify -binary -inform DER -in /tmp/signature -content /tmp/content -certfile both.pem -nointern -noverify \
        -out /dev/null -signer who.pem || fail 'openssl does not accept it'
    diff <(grep -v -e ----- both.pem | sort) <(grep -v -e ----- who.pem | sort) || fail 'others signed it'
}
accepted
ends_with 0 dkms mok verify blink
[ "$(grep -c 'the signature fits' <<<"$output")" -eq 2 ] || fail 'not two signatures that fit'
ends_with 0 dkms mok status
told '^second key: /etc/keys/second.der, CN=the second$'

step 'no build sees the key, whoever else may read it'
chmod 644 /etc/keys/second.key
dkms room blink/1.0 -k "$KERNEL" -- cat /etc/keys/second.der >seen || fail 'the folder is not shown at all'
! dkms room blink/1.0 -k "$KERNEL" -- cat /etc/keys/second.key 2>&1 | grep 'PRIVATE KEY' || fail 'the key is seen'

step 'one byte changed, and neither fits'
cp /tmp/whole changed.ko
printf '\377' | dd of=changed.ko bs=1 seek=200 conv=notrunc status=none
ends_with 1 dkms mok verify changed.ko
[ "$(grep -c '^changed.ko: .*does not fit' <<<"$output")" -eq 2 ] || fail 'not two that do not fit'

step 'a second key that comes later signs what is built, without compiling'
fresh
install_blink
split "$(blink)"
cp /tmp/content compiled
printf '%s\n' 'second_signing_key=/etc/keys/second.key' 'second_certificate=/etc/keys/second.der' >"$FRAMEWORK"
ends_with 0 dkms reconcile
! grep -qF "building blink/1.0 for $KERNEL" <<<"$output" || fail 'it was compiled again'
accepted
cmp compiled /tmp/content

step 'a second key that is not there, or half of it: nothing is signed by the first alone'
for setting in second_signing_key=/etc/keys/second.key second_certificate=/etc/keys/second.der; do
    fresh "$setting"
    install_blink
    told 'second_signing_key and second_certificate belong together, and only one of them is set'
    unsigned
done
step 'such settings leave alone what is signed'
for settings in second_certificate=/etc/keys/second.der $'second_signing_key=/etc/keys/gone.key\nsecond_certificate=/etc/keys/second.der'; do
    fresh
    install_blink
    ends_with 0 dkms reconcile
    echo "$settings" >"$FRAMEWORK"
    ends_with 0 dkms check
    split "$(blink)" || fail 'it is not signed'
done
fresh 'second_signing_key=/etc/keys/third.key' 'second_certificate=/etc/keys/second.der'
openssl genrsa -out /etc/keys/third.key 2048 2>/dev/null
install_blink
told '/etc/keys/third.key and /etc/keys/second.der are no pair; put the right pair there'
! grep -F generate_mok <<<"$output" || fail 'dkms would not make that pair'

fresh 'second_signing_key=/etc/keys/gone.key' 'second_certificate=/etc/keys/second.der'
install_blink
told '/etc/keys/gone.key is missing, and dkms does not make it'
unsigned
