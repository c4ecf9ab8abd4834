. /e2e/inside.sh
install_ours
step 'a repository with two versions, signed'
mkdir -p vendor/deb
tarball blink 1.0 one && dkms mkdeb blink-1.0.tar.gz --output vendor/deb
dkms mkrepo vendor --origin 'A Vendor' --sign-key /e2e/keys/vendor.asc
find vendor -type f

step 'apt takes it only with the key'
echo "deb [signed-by=/usr/share/keyrings/vendor.asc] file:/root/vendor/deb ./" >/etc/apt/sources.list.d/vendor.list
apt-get update -o Dir::Etc::SourceList=/dev/null && fail 'apt trusts a repository without its key'
cp vendor/deb/repository-key.asc /usr/share/keyrings/vendor.asc
apt-get update
apt-cache policy blink-dkms
apt_install blink-dkms
installed blink 1.0
says blink one

step 'a new version is an upgrade'
tarball blink 2.0 two && dkms mkdeb blink-2.0.tar.gz --output vendor/deb
dkms mkrepo vendor --origin 'A Vendor' --sign-key /e2e/keys/vendor.asc
apt-get update
apt-get -q -y upgrade
installed blink 2.0
says blink two

step 'a package that was changed behind the metadata is refused'
apt_remove blink-dkms
gone blink
rm -f /var/cache/apt/archives/blink*
printf x >>vendor/deb/blink-dkms_2.0-1_all.deb
ends_with 100 apt-get -q -y install blink-dkms
