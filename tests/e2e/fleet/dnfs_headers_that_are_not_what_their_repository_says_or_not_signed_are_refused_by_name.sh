# root: dnfcore
# when: nightly
# at most: 600
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/fleet.sh
FIRST=5.14.0-70.el9.x86_64 OTHER=5.14.0-80.el9.x86_64
step 'a repository with headers of two kernels, of which one is signed'
install_ours
# vendor: the key that signs; somebody: another one.
gpg -q --batch --import /e2e/keys/vendor.asc
vendor=$(gpg --list-keys --with-colons | awk -F: '/^fpr/ {print $10; exit}')
gpg -q --batch --passphrase '' --quick-generate-key 'Somebody <somebody@example.org>' rsa2048 sign never
gpg --armor --export "$vendor" >vendor.asc
gpg --armor --export somebody@example.org >somebody.asc
signed() { rpmsign --define "_gpg_name $1" --define '__gpg /usr/bin/gpg' --addsign "$2" >/dev/null; }
mkdir whole
for kernel in $FIRST $OTHER; do devel_rpm $kernel >/dev/null; done
mv kernel-devel-*.rpm whole
signed "$vendor" whole/kernel-devel-${FIRST%.x86_64}.rpm
createrepo_c -q whole
apt-get -q -y purge 'linux-headers-*' >/dev/null
tarball blink 1.0
loopback
serve /root 8099
# repo LINE...: the section with these settings, of what lies in rpms.
repo() { printf '%s\n' '[kernels]' name=kernels "$@" >kernels.repo; }
blinks() { dkms mkmatrix ./blink-1.0.tar.gz --kernels '5.14.0-*' --from kernels.repo --store store -o fleet --maintainer 'A Vendor <vendor@example.org>' "$@"; }
afresh() { rm -rf rpms store fleet && cp -a whole rpms; }
# one_is_refused KERNEL WHY
one_is_refused() {
    told "^blink/1.0 .*([+] *[?]|[?] *[+])$"
    told "^blink/1.0 for $1: cannot tell: .*kernel-devel-${1%.x86_64}.*$2"
    [ "$(find store/cells -name cell.json | wc -l)" -eq 1 ] || fail 'not one cell'
    [ "$(find store/packages -type f | wc -l)" -eq 1 ] || fail 'what was refused is kept'
    [ -z "$(find /var/tmp -name 'dkms.*'; find store -name '.staged-*')" ] || fail 'something is left'
}

for source in file:///root/rpms http://127.0.0.1:8099/rpms; do
    step "$source: a byte of a package is another"
    afresh
    repo "baseurl=$source" gpgcheck=0
    printf X | dd of=rpms/kernel-devel-${FIRST%.x86_64}.rpm bs=1 seek=20000 conv=notrunc status=none
    ends_with 1 blinks
    one_is_refused $FIRST "(incorrect checksum|checksum doesn't match)"

    step 'it is cut off, and has gone'
    truncate -s 100000 rpms/kernel-devel-${FIRST%.x86_64}.rpm
    rm -rf store
    ends_with 1 blinks
    one_is_refused $FIRST '(incorrect checksum|file length)'
    rm -rf store rpms/kernel-devel-${FIRST%.x86_64}.rpm
    ends_with 1 blinks
    one_is_refused $FIRST '(No such file|404|incorrect checksum|open file)'

    step 'mended, the same command goes on'
    cp whole/kernel-devel-${FIRST%.x86_64}.rpm rpms
    ends_with 0 blinks
    told '^blink/1.0 .*[+=] *[+=]$'

    step 'the list of packages is another than repomd.xml says'
    afresh
    for list in rpms/repodata/*primary.xml*; do printf X | dd of="$list" bs=1 seek=200 conv=notrunc status=none; done
    ends_with 2 blinks
    told 'error: `dnf repoquery` failed, .*primary.xml'
done

step 'gpgcheck=1: what is not signed is not built with'
afresh
repo baseurl=file:///root/rpms gpgcheck=1 gpgkey=file:///root/vendor.asc
ends_with 1 blinks
one_is_refused $OTHER 'is not signed, and \[kernels\] wants its packages signed'

step 'the default of dnf.conf says the same, and gpgcheck=0 that nobody looks'
grep -q '^gpgcheck=True' /etc/dnf/dnf.conf || fail 'another default'
rm -rf store
repo baseurl=http://127.0.0.1:8099/rpms gpgkey=file:///root/vendor.asc
ends_with 1 blinks
one_is_refused $OTHER 'is not signed'
repo baseurl=file:///root/rpms gpgcheck=0
ends_with 0 blinks

step 'signed by somebody else'
afresh
signed somebody@example.org rpms/kernel-devel-${OTHER%.x86_64}.rpm
createrepo_c -q rpms
repo baseurl=file:///root/rpms gpgcheck=1 gpgkey=file:///root/vendor.asc
ends_with 1 blinks
one_is_refused $OTHER 'is signed with key ID [0-9a-f]*, which neither gpgkey= nor rpm of this host has'

step 'two keys; a key that rpm of this host has; none of either'
repo baseurl=file:///root/rpms gpgcheck=1 'gpgkey=file:///root/vendor.asc file:///root/somebody.asc'
ends_with 0 blinks
rm -rf store
rpm --import somebody.asc
repo baseurl=file:///root/rpms gpgcheck=1 gpgkey=file:///root/vendor.asc
ends_with 0 blinks
rm -rf store
repo baseurl=file:///root/rpms gpgcheck=1
ends_with 1 blinks
one_is_refused $FIRST 'is signed with key ID'
repo baseurl=file:///root/rpms gpgcheck=1 gpgkey=file:///root/none.asc
ends_with 1 blinks
told 'the key file:///root/none.asc, which \[kernels\] names, cannot be read'
[ "$(rpm -q gpg-pubkey | wc -l)" -eq 1 ] || fail 'a key was imported into rpm of this host'

step 'a package that was changed after it was signed, in a repository that was made anew'
afresh
printf X | dd of=rpms/kernel-devel-${FIRST%.x86_64}.rpm bs=1 seek=100000 conv=notrunc status=none
createrepo_c -q rpms
repo baseurl=file:///root/rpms gpgcheck=1 'gpgkey=file:///root/vendor.asc file:///root/somebody.asc'
ends_with 1 blinks
told "^blink/1.0 for $FIRST: cannot tell: kernel-devel-${FIRST%.x86_64}.rpm has a wrong signature [(].*BAD"

step 'repo_gpgcheck=1: the repository itself is signed'
afresh
signed "$vendor" rpms/kernel-devel-${OTHER%.x86_64}.rpm
createrepo_c -q rpms
repo baseurl=file:///root/rpms gpgcheck=1 repo_gpgcheck=1 gpgkey=file:///root/vendor.asc
ends_with 2 blinks
told 'error: `dnf repoquery` failed'
gpg -q --batch --armor --local-user "$vendor" --detach-sign -o rpms/repodata/repomd.xml.asc rpms/repodata/repomd.xml
ends_with 0 blinks
told '^blink/1.0 .*[+] *[+]$'

step 'a source by the name of its package, from the same repository'
dkms mkrpm ./blink-1.0.tar.gz --output rpms/ >/dev/null
createrepo_c -q rpms
repo baseurl=file:///root/rpms gpgcheck=0
ends_with 0 dkms mkmatrix blink-dkms --kernels '5.14.0-*:1' --from kernels.repo --store store -o fleet --maintainer 'A Vendor <vendor@example.org>'
repo baseurl=file:///root/rpms gpgcheck=1 gpgkey=file:///root/vendor.asc
ends_with 2 dkms mkmatrix blink-dkms --kernels '5.14.0-*:1' --from kernels.repo --store store -o fleet
told 'error: blink-dkms-.* is not signed'
