# when: nightly
# at most: 900
. /e2e/inside.sh
. /e2e/sign.sh
. /e2e/fleet.sh
CLOUD=6.1.0-50-cloud-amd64
# sign-file of the headers checks what was signed; they go with builder.
cp "$SIGN_FILE" /root/sign-file && SIGN_FILE=/root/sign-file
builder
# pair NAME: a key and a certificate in /etc/keys.
pair() {
    mkdir -p /etc/keys
    openssl req -new -x509 -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "/etc/keys/$1.key" -outform DER -out "/etc/keys/$1.der" 2>/dev/null
    chmod 600 "/etc/keys/$1.key"
}
# signs SETTING...: these are the only settings.
signs() { printf '%s\n' "$@" >"$FRAMEWORK"; }
signs_with() { signs "mok_signing_key=/etc/keys/$1.key" "mok_certificate=/etc/keys/$1.der"; }
blinks() {
    dkms mkmatrix ./blink-1.0.tar.gz --kernels '6.1.0-*' --store /srv/store --maintainer 'A Vendor <vendor@example.org>' \
        --sign-key /e2e/keys/vendor.asc -o fleet "$@"
}
# packaged KEY CERTIFICATE: every package's module is signed so.
packaged() {
    local package folder count=0
    for package in fleet/blink-modules-6*.deb; do
        folder=$(mktemp -d)
        dpkg-deb -x "$package" "$folder"
        signed_by "$(find "$folder" -name 'blink.ko*')" "$1" "$2"
        count=$((count + 1))
    done
    [ "$count" -eq 3 ] || fail "$count packages, not 3"
}
# holds_key FILE FOLDER...: whether something there has a line of that key in PEM, or its secret number.
holds_key() {
    local key=$1 line
    shift
    openssl pkey -in "$key" -outform DER -out key.der
    for line in $(sed -n '3p;9p;15p' "$key"); do ! grep -rlF -- "$line" "$@" || return 0; done
    # A piece of the private exponent, which lies behind the modulus.
    perl -e 'use File::Find; open(my $k, "<:raw", "key.der"); local $/; my $piece = substr(<$k>, 340, 48); my $found = 1;
        find({no_chdir => 1, wanted => sub { return unless -f $_ && open(my $f, "<:raw", $_); if (index(<$f>, $piece) >= 0) { print "$_\n"; $found = 0 } }}, @ARGV);
        exit $found' "$@"
}
pair one
pair two

step 'without a key modules are unsigned, and that is said once'
ends_with 0 blinks
[ "$(grep -c 'modules are not signed' <<<"$output")" -eq 1 ] || fail 'not said once'
told 'dkms generate_mok'
[ -z "$(find / -xdev -name 'mok.*')" ] || fail 'a key was made'
! split "$(find /srv/store/cells -name 'blink.ko*' | head -n 1)" || fail 'it is signed'

step 'with a key: what is unsigned is not taken for it'
signs_with one
ends_with 0 blinks
told '^blink/1.0 .*[+] *[+] *[+]$'
packaged /etc/keys/one.key /etc/keys/one.der
ends_with 0 blinks
told '^blink/1.0 .*= *= *=$'

step 'another key, and the first again: each has its own cells'
signs_with two
ends_with 0 blinks --release 2
told '^blink/1.0 .*[+] *[+] *[+]$'
rm -f fleet/*-1_amd64.deb
packaged /etc/keys/two.key /etc/keys/two.der
signs_with one
ends_with 0 blinks --release 3
told '^blink/1.0 .*= *= *=$'
rm -f fleet/*-2_amd64.deb
packaged /etc/keys/one.key /etc/keys/one.der
signs 'try_sign_modules=no'
ends_with 0 blinks --release 4 --dry-run
told '^blink/1.0 .*= *= *=$'
[ "$(cells)" -eq 9 ] || fail "$(cells) cells, not 9"

step 'half a pair, and two halves of two pairs: nothing is signed, and nothing passes for signed'
signs 'mok_signing_key=/etc/keys/one.key' 'mok_certificate=/etc/keys/two.der'
rm -rf /srv/store/cells
ends_with 1 blinks --release 5
told 'could not be signed: /etc/keys/one.key and /etc/keys/two.der are no pair'
told 'cannot tell: its modules could not be signed'
[ "$(cells)" -eq 0 ] || fail 'cells that are none'
cp /etc/keys/one.key /var/lib/dkms/mok.key 2>/dev/null || { mkdir -p /var/lib/dkms && cp /etc/keys/one.key /var/lib/dkms/mok.key; }
signs
ends_with 0 blinks --release 6
told 'modules are not signed'
[ "$(cat /var/lib/dkms/mok.key)" = "$(cat /etc/keys/one.key)" ] && [ ! -e /var/lib/dkms/mok.pub ] || fail 'the key of the host was changed'
! split "$(find /srv/store/cells -name 'blink.ko*' | head -n 1)" || fail 'signed with a key that is gone'

step 'the pair in the tree, as a job'
cp /etc/keys/one.der /var/lib/dkms/mok.pub
rm -rf fleet
ends_with 0 blinks --jobs-for make
ends_with 0 make -f /srv/store/jobs/matrix.mk -j 2
ends_with 0 blinks
told '^blink/1.0 .*= *= *=$'
packaged /var/lib/dkms/mok.key /var/lib/dkms/mok.pub

step 'a host with another key builds nothing'
rm -rf /srv/store/cells
ends_with 0 blinks --jobs-for make
cp /etc/keys/two.key /var/lib/dkms/mok.key
cp /etc/keys/two.der /var/lib/dkms/mok.pub
ends_with 2 make -f /srv/store/jobs/matrix.mk -k
told 'signing certificate: [0-9a-f]{64} is wanted, here it is [0-9a-f]{64}'
[ "$(cells)" -eq 0 ] || fail 'something was built'
cp /etc/keys/one.key /var/lib/dkms/mok.key
cp /etc/keys/one.der /var/lib/dkms/mok.pub
ends_with 0 make -f /srv/store/jobs/matrix.mk -j 2

step 'a module that does not compile, and a run that is killed: no key is left anywhere'
rm -rf fleet
ends_with 2 matrix
setsid dkms mkmatrix ./wink-1.0.tar.gz --kernels '6.1.0-*' --release 9 --store /srv/other -o other >killed.log 2>&1 &
sleep 4
kill -9 -- "-$!"
wait "$!" || :
ends_with 0 dkms mkmatrix ./wink-1.0.tar.gz --kernels '6.1.0-*' --maintainer 'A Vendor <vendor@example.org>' --store /srv/other -o other
mkdir unpacked
for package in fleet/*.deb; do dpkg-deb -R "$package" "unpacked/$(basename "$package")"; done
holds_key /etc/keys/one.key /var/lib/dkms || fail 'the search for a key finds none'
! holds_key /etc/keys/one.key /srv fleet other unpacked killed.log /var/tmp /tmp || fail 'the key is there'

step 'a host without a compiler has the signed module'
without_compilers
rm -rf /srv/store /srv/other
install -D -m 644 fleet/repository-key.asc /etc/apt/keyrings/fleet.asc
echo 'deb [signed-by=/etc/apt/keyrings/fleet.asc] file:/root/fleet ./' >/etc/apt/sources.list.d/fleet.list
apt-get -q update -o APT::Update::Error-Mode=any
apt_install blink-modules-cloud-amd64
[ "$(modinfo -k $CLOUD -F signer blink)" = one ] || fail "another signer: $(modinfo -k $CLOUD blink)"
signed_by "$(module_files blink $CLOUD)" /etc/keys/one.key /etc/keys/one.der
