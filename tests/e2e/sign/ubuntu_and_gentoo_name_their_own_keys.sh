. /e2e/inside.sh
. /e2e/sign.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src/
is() { printf 'ID=%s\nID_LIKE="%s"\n' "$1" "$2" >/etc/os-release; }
rm /etc/os-release

# Debian packages none of Ubuntu's tools. kmodsign takes the arguments of sign-file; the policy tool makes a pair.
mok=/var/lib/shim-signed/mok
cat >/usr/local/bin/stand-in-for-kmodsign <<SCRIPT
#!/bin/sh
echo "\$*" >>/tmp/kmodsign
exec $SIGN_FILE "\$@"
SCRIPT
cat >/usr/local/bin/stand-in-for-update-secureboot-policy <<SCRIPT
#!/bin/sh
echo "\$* SHIM_NOTRIGGER=\$SHIM_NOTRIGGER" >>/tmp/policy
[ "\$1" = --new-key ] && [ ! -e /tmp/policy-refuses ] || exit 1
mkdir -p $mok
openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=ubuntu -keyout $mok/MOK.priv -outform DER -out $mok/MOK.der 2>/dev/null
SCRIPT
chmod 755 /usr/local/bin/*

step 'Ubuntu without its tools: the pair in the tree, by sign-file of the headers'
is ubuntu debian
fresh
install_blink
signed_by "$(blink)" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub

step 'Ubuntu'
ln -s stand-in-for-kmodsign /usr/local/bin/kmodsign
ln -s stand-in-for-update-secureboot-policy /usr/local/bin/update-secureboot-policy
for distribution in 'ubuntu debian' 'linuxmint ubuntu debian'; do
    is "${distribution%% *}" "${distribution#* }"
    rm -rf $mok /tmp/policy /tmp/kmodsign
    fresh
    install_blink
    [ "$(cat /tmp/policy)" = '--new-key SHIM_NOTRIGGER=y' ] || fail "the policy tool was run otherwise: $(cat /tmp/policy)"
    grep -q "^sha256 $mok/MOK.priv $mok/MOK.der /" /tmp/kmodsign || fail "kmodsign was run otherwise: $(cat /tmp/kmodsign)"
    signed_by "$(blink)" $mok/MOK.priv $mok/MOK.der
    [ ! -e /var/lib/dkms/mok.key ] || fail 'a second key'
done
ends_with 0 dkms build blink/1.0 -k "$KERNEL" --force
[ "$(wc -l </tmp/policy)" -eq 1 ] || fail 'a key that is there is made again'

step 'its tool makes none'
rm -rf $mok
touch /tmp/policy-refuses
fresh
install_blink
told 'update-secureboot-policy --new-key.*did not make the key'
unsigned

step 'it makes one now: what stayed unsigned is not taken for finished'
rm /tmp/policy-refuses
fresh
install_blink
signed_by "$(blink)" $mok/MOK.priv $mok/MOK.der

step 'what framework.conf names goes before'
fresh 'mok_signing_key=/root/own.key' 'mok_certificate=/root/own.der'
install_blink
signed_by "$(blink)" /root/own.key /root/own.der

step 'akmods and sbctl have a pair: it signs where dkms has made none'
is fedora ''
for pair in /etc/pki/akmods/private/private_key.priv=/etc/pki/akmods/certs/public_key.der=DER \
    /var/lib/sbctl/keys/db/db.key=/var/lib/sbctl/keys/db/db.pem=PEM; do
    IFS== read -r key certificate form <<<"$pair"
    mkdir -p "$(dirname "$key")" "$(dirname "$certificate")"
    openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=theirs -keyout "$key" -outform "$form" -out "$certificate" 2>/dev/null
    fresh
    install_blink
    signed_by "$(blink)" "$key" "$certificate"
    [ ! -e /var/lib/dkms/mok.key ] || fail 'a second key'
    ends_with 0 dkms mok
    told "key: $certificate, CN=theirs"
    ends_with 0 dkms generate_mok
    told "$certificate"
    mv "$key" /root/away
    fresh
    install_blink
    mv /root/away "$key"
    ends_with 0 dkms build blink/1.0 -k "$KERNEL" --force
    signed_by "/var/lib/dkms/blink/1.0/$KERNEL/x86_64/module/blink.ko" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub
    rm "$key"
done

step 'Gentoo: the environment, then make.conf; one file may hold both'
is gentoo ''
mkdir -p /etc/portage
openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=portage -keyout /root/portage.key -out /root/portage.crt 2>/dev/null
cat /root/portage.key /root/portage.crt >/root/portage.pem
printf 'CFLAGS="-O2"\nMODULES_SIGN_KEY="/root/portage.pem"\n' >/etc/portage/make.conf
fresh
install_blink
signed_by "$(blink)" /root/portage.pem /root/portage.pem
modinfo -F signer "$(blink)" | grep -qx portage || fail 'another signer'
fresh
export MODULES_SIGN_KEY=/root/own.key MODULES_SIGN_CERT=/root/own.der
install_blink
signed_by "$(blink)" /root/own.key /root/own.der
unset MODULES_SIGN_KEY MODULES_SIGN_CERT
mkdir make.conf.d && mv /etc/portage/make.conf make.conf.d/10 && mv make.conf.d /etc/portage/make.conf
echo 'export MODULES_SIGN_KEY=/root/gone.pem' >/etc/portage/make.conf/20
fresh
install_blink
told '/root/gone.pem is missing, and dkms does not make it'
unsigned
rm -r /etc/portage/make.conf
fresh
install_blink
signed_by "$(blink)" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub
