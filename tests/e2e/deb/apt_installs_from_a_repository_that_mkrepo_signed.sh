. /e2e/inside.sh
install_ours
publish() { dkms mkrepo vendor --origin 'A Vendor' --sign-key /e2e/keys/vendor.asc --repo-package vendor --url file:///root/vendor; }
candidate() { LC_ALL=C apt-cache policy "$1" | sed -n 's/ *Candidate: //p'; }
step 'a repository with two versions, signed'
mkdir -p vendor/deb
tarball blink 1.0 one && dkms mkdeb blink-1.0.tar.gz --output vendor/deb
publish
find vendor -type f

step 'apt takes it only with the key'
echo "deb [signed-by=/usr/share/keyrings/vendor-repo.asc] file:/root/vendor/deb ./" >/etc/apt/sources.list.d/vendor.list
apt-get update -o Dir::Etc::SourceList=/dev/null && fail 'apt trusts a repository without its key'
rm /etc/apt/sources.list.d/vendor.list
apt_install ./vendor/deb/vendor-repo_1-1_all.deb
dpkg -V vendor-repo | grep -v /usr/share/doc && fail 'dpkg -V finds something'
dpkg-query -W -f '${Conffiles}' vendor-repo | grep vendor-repo.sources
apt-get update
apt-cache policy blink-dkms
apt_install blink-dkms
installed blink 1.0
says blink one

step 'a client that has the index from before a new run still finds what it names'
cp vendor/deb/InRelease before
tarball blink 2.0 two && dkms mkdeb blink-2.0.tar.gz --output vendor/deb
publish
cp vendor/deb/InRelease after
cp before vendor/deb/InRelease
rm -rf /var/lib/apt/lists/*vendor*
apt-get update
[ "$(candidate blink-dkms)" = 1.0-1 ] || fail "not the old list: $(candidate blink-dkms)"
cp after vendor/deb/InRelease

step 'a new version is an upgrade'
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

step 'the repository goes with its package'
apt-get -q -y purge vendor-repo
[ ! -e /etc/apt/sources.list.d/vendor-repo.sources ] && [ ! -e /usr/share/keyrings/vendor-repo.asc ] || fail 'files are left'
