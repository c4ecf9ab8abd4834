# root: token
# when: nightly
. /e2e/inside.sh
. /e2e/sign.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src/
uri='pkcs11:token=vendor;object=modules;type=private?pin-value=481516'

step 'a token without its certificate'
fresh "mok_signing_key=\"$uri\"" 'mok_certificate=/etc/vendor.der'
install_blink
unsigned
told '/etc/vendor.der is missing, and dkms does not make it'
ends_with 74 dkms generate_mok
told '/etc/vendor.der is missing, and dkms does not make it'
[ ! -e /etc/vendor.der ] && [ ! -e /var/lib/dkms/mok.key ] || fail 'a key was made'

step 'SoftHSM, with a key and its certificate'
softhsm2-util --init-token --free --label vendor --so-pin 2342 --pin 481516
openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=vendor -keyout vendor.key -out vendor.pem 2>/dev/null
openssl x509 -in vendor.pem -outform DER -out /etc/vendor.der
openssl pkcs8 -topk8 -nocrypt -in vendor.key -out vendor.pkcs8
softhsm2-util --import vendor.pkcs8 --token vendor --label modules --id 01 --pin 481516

step 'sign-file of this Debian asks OpenSSL for a provider that this Debian does not have: a warning, without the PIN in it'
ends_with 0 dkms remove blink/1.0 --all
install_blink
told 'could not be signed'
unsigned
ends_with 0 dkms generate_mok
told 'pin-value=[*] and certificate /etc/vendor.der: there already'

# A stand-in for sign-file: the same arguments and the same result, by OpenSSL's engine, which this Debian has.
cat >/usr/local/bin/sign-file-by-an-engine <<'SCRIPT'
#!/bin/bash
set -e
openssl x509 -inform DER -in "$3" -out /tmp/signer.pem
openssl cms -sign -binary -noattr -nocerts -md "$1" -engine pkcs11 -keyform engine -inkey "$2" -signer /tmp/signer.pem \
    -in "$4" -outform DER -out /tmp/signature.der </dev/null
length=$(printf %08x "$(stat -c %s /tmp/signature.der)")
cat /tmp/signature.der >>"$4"
printf "\x00\x00\x02\x00\x00\x00\x00\x00\x${length:0:2}\x${length:2:2}\x${length:4:2}\x${length:6:2}~Module signature appended~\n" >>"$4"
SCRIPT
chmod 755 /usr/local/bin/sign-file-by-an-engine

step 'the token signs'
fresh "mok_signing_key=\"$uri\"" 'mok_certificate=/etc/vendor.der' 'sign_file=/usr/local/bin/sign-file-by-an-engine'
install_blink
signed_by "$(blink)" vendor.key /etc/vendor.der
modinfo -F signer "$(blink)" | grep -qx vendor || fail 'another signer'
[ ! -e /var/lib/dkms/mok.key ] || fail 'a key was made'

step 'a wrong PIN leaves modules unsigned, and nobody is asked for another'
fresh "mok_signing_key=\"${uri/481516/108}\"" 'mok_certificate=/etc/vendor.der' 'sign_file=/usr/local/bin/sign-file-by-an-engine'
ends_with 0 dkms build blink/1.0 -k "$KERNEL" --force
told 'could not be signed'

step 'the PIN stands where its owner wrote it, and nowhere else'
! grep -rlE '481516|pin-value=108' /var/lib/dkms || fail 'the PIN is in the tree'
