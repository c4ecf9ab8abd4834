. /e2e/inside.sh
. /e2e/sign.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src/
tree=/var/lib/dkms
headers=/lib/modules/$KERNEL/build

step 'the default key'
install_blink
told 'dkms mok enroll.*certificate: /var/lib/dkms/mok.pub'
signed_by "$(blink)" $tree/mok.key $tree/mok.pub
[ "$(stat -c %a $tree/mok.key)" = 600 ] || fail "others can read the key: $(stat -c %a $tree/mok.key)"
openssl x509 -inform DER -in $tree/mok.pub -noout -text >text
for words in 'Code Signing' 'Public-Key: (2048 bit)' 'CA:FALSE'; do grep -qF "$words" text || fail "not in the certificate: $words"; done
openssl x509 -inform DER -in $tree/mok.pub -noout -checkend $((99 * 365 * 86400)) || fail 'it does not last'
cmp <(openssl pkey -in $tree/mok.key -pubout) <(openssl x509 -inform DER -in $tree/mok.pub -noout -pubkey) || fail 'no pair'

step 'a second build takes the same key'
sha256sum $tree/mok.* >before
ends_with 0 dkms build blink/1.0 -k "$KERNEL" --force
sha256sum -c before

for gone in key pub; do
    step "mok.$gone is missing: both are made anew"
    fresh
    ends_with 0 dkms generate_mok
    cp $tree/mok.* .
    rm $tree/mok.$gone
    install_blink
    ! cmp -s mok.key $tree/mok.key || fail 'the old key'
    ! cmp -s mok.pub $tree/mok.pub || fail 'the old certificate'
    signed_by "$(blink)" $tree/mok.key $tree/mok.pub
done

step 'the hash is what the configuration says, --config if given'
for hash in sha1 sha512; do
    fresh
    sed "s/^CONFIG_MODULE_SIG_HASH=.*/CONFIG_MODULE_SIG_HASH=\"$hash\"/" "$headers/include/config/auto.conf" >config
    ends_with 0 dkms build blink/1.0 -k "$KERNEL" --config /root/config
    ends_with 0 dkms install blink/1.0 -k "$KERNEL"
    signed_by "$(blink)" $tree/mok.key $tree/mok.pub $hash
done
fresh
sed '/^CONFIG_MODULE_SIG_HASH=/d' "$headers/include/config/auto.conf" >config
ends_with 0 dkms build blink/1.0 -k "$KERNEL" --config /root/config
ends_with 0 dkms install blink/1.0 -k "$KERNEL"
unsigned
[ ! -e $tree/mok.key ] || fail 'a key for nothing'

step 'a configured sign_file is the only one'
for program in /bin/false /nonexistent/sign-file; do
    fresh "sign_file=$program"
    install_blink
    unsigned
    told 'could not be signed|are not signed'
done
fresh 'sign_file=/usr/local/bin/sign-$kernelver'
ln -s "$SIGN_FILE" "/usr/local/bin/sign-$KERNEL"
install_blink
signed_by "$(blink)" $tree/mok.key $tree/mok.pub

step 'places with the kernel in their names; folders are never made'
fresh 'mok_signing_key=/etc/keys/$kernelver/mod.key' 'mok_certificate=/etc/keys/${kernelver}.der'
install_blink
told "/etc/keys.* does not exist"
unsigned
[ ! -e /etc/keys ] || fail 'the folder was made'
mkdir -p "/etc/keys/$KERNEL"
fresh 'mok_signing_key=/etc/keys/$kernelver/mod.key' 'mok_certificate=/etc/keys/${kernelver}.der'
install_blink
signed_by "$(blink)" "/etc/keys/$KERNEL/mod.key" "/etc/keys/$KERNEL.der"
[ ! -e $tree/mok.key ] || fail 'a key in the tree as well'

step 'a place that cannot be written'
mkdir /etc/sealed
mount -t tmpfs -o ro none /etc/sealed
fresh 'mok_signing_key=/etc/sealed/mod.key' 'mok_certificate=/etc/sealed/mod.der'
install_blink
told 'cannot be written.*[Rr]ead-only'
unsigned

step 'try_sign_modules'
fresh 'try_sign_modules=false'
install_blink
unsigned
[ ! -e $tree/mok.key ] || fail 'a key for nothing'
# A real chroot: process 1 has another root, though all that is in it is the same.
for setting in '' not_in_chroot false true; do
    fresh ${setting:+try_sign_modules=$setting}
    mkdir -p /chroot
    mount -t tmpfs chroot /chroot
    for entry in /*; do
        if [ -L "$entry" ]; then
            cp -a "$entry" /chroot
        elif [ -d "$entry" ] && [ "$entry" != /chroot ]; then
            mkdir "/chroot$entry"
            mount --rbind "$entry" "/chroot$entry"
        fi
    done
    ends_with 0 chroot /chroot dkms install blink/1.0 -k "$KERNEL"
    umount -l /chroot
    if [ "$setting" = true ]; then signed_by "$(blink)" $tree/mok.key $tree/mok.pub; else unsigned; fi
done
fresh
ends_with 0 env FAKECHROOT=true dkms install blink/1.0 -k "$KERNEL"
unsigned

step 'a key that is no key is a warning'
fresh
echo junk | tee $tree/mok.key >$tree/mok.pub
install_blink
told 'could not be signed|are not signed'
unsigned
[ "$(cat $tree/mok.key)" = junk ] || fail 'the owner'"'"'s file was replaced'
