# root: dnf
# when: nightly
. /e2e/inside.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
sed -i 's/^ID=.*/ID=fedora/' /etc/os-release
key=/e2e/keys/vendor.asc
publish() { dkms mkrepo vendor --origin 'A Vendor' --sign-key $key --repo-package vendor --url file:///root/vendor; }
dnf() { command dnf -y --releasever=1 "$@"; }
step 'a repository with two versions, signed'
mkdir -p vendor/rpm
tarball blink 1.0 one && dkms mkrpm blink-1.0.tar.gz --sign-key $key --output vendor/rpm
publish
find vendor -type f

step 'the setup says how both are checked'
rpm -U vendor/rpm/vendor-repo-1-1.noarch.rpm
rpm -V vendor-repo
rpm -qc vendor-repo | grep /etc/yum.repos.d/vendor-repo.repo
grep -x -e repo_gpgcheck=1 -e gpgcheck=1 -c /etc/yum.repos.d/vendor-repo.repo | grep 2

step 'install'
dnf install blink-dkms
only blink 1.0 one

step 'a client that has the index from before a new run still finds what it names'
mkdir before after
cp vendor/rpm/repodata/repomd.xml* before
tarball blink 2.0 two && dkms mkrpm blink-2.0.tar.gz --sign-key $key --output vendor/rpm
publish
cp vendor/rpm/repodata/repomd.xml* after
cp before/* vendor/rpm/repodata
dnf --refresh --setopt=skip_if_unavailable=False makecache
dnf list --available blink-dkms && fail 'not the old list'
cp after/* vendor/rpm/repodata

step 'a new version is an upgrade'
dnf --refresh upgrade
only blink 2.0 two

step 'metadata that were changed behind the signature are refused'
dnf remove blink-dkms
gone blink
sed -i 's/<revision>/<revision>1/' vendor/rpm/repodata/repomd.xml
ends_with 1 dnf --refresh install blink-dkms

step 'the repository goes with its package'
rpm -e vendor-repo
[ ! -e /etc/yum.repos.d/vendor-repo.repo ] && [ ! -e /etc/pki/rpm-gpg/RPM-GPG-KEY-vendor-repo ] || fail 'files are left'
