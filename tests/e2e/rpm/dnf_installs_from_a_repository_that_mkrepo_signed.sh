# root: dnf
. /e2e/inside.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
sed -i 's/^ID=.*/ID=fedora/' /etc/os-release
step 'a repository with two versions, signed'
mkdir -p vendor/rpm
tarball blink 1.0 one && dkms mkrpm blink-1.0.tar.gz --output vendor/rpm
dkms mkrepo vendor --sign-key /e2e/keys/vendor.asc
find vendor -type f
mkdir -p /etc/yum.repos.d
cat >/etc/yum.repos.d/vendor.repo <<'END'
[vendor]
name=A Vendor
baseurl=file:///root/vendor/rpm
repo_gpgcheck=1
gpgcheck=0
gpgkey=file:///root/vendor/rpm/repository-key.asc
END

step 'install'
dnf -y --releasever=1 install blink-dkms
only blink 1.0 one

step 'a new version is an upgrade'
tarball blink 2.0 two && dkms mkrpm blink-2.0.tar.gz --output vendor/rpm
dkms mkrepo vendor --sign-key /e2e/keys/vendor.asc
dnf -y --releasever=1 --refresh upgrade
only blink 2.0 two

step 'metadata that were changed behind the signature are refused'
dnf -y --releasever=1 remove blink-dkms
gone blink
sed -i 's/<revision>/<revision>1/' vendor/rpm/repodata/repomd.xml
ends_with 1 dnf -y --releasever=1 --refresh install blink-dkms
