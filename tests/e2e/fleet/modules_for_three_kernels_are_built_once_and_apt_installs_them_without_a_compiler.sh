# when: nightly
# at most: 1500
. /e2e/inside.sh
step 'the builder: a compiler, and no headers'
install_ours
# What the tools of the headers need besides stays.
apt-get -q -y purge 'linux-headers-*' >/dev/null
[ -z "$(kernels)" ] || fail 'headers are still here'
find /usr/src /lib/modules /var/lib/dkms >before 2>/dev/null || :
tarball blink 1.0
FAILS_ON=cloud tarball fussy 1.0
sources=(./blink-1.0.tar.gz ./fussy-1.0.tar.gz acpi-call-dkms /repo/bbswitch-dkms_*.deb)
matrix() {
    dkms mkmatrix "${sources[@]}" --kernels '6.1.0-*' --maintainer 'A Vendor <vendor@example.org>' --sign-key /e2e/keys/vendor.asc -o fleet "$@"
}

step 'before anything is built: what there is'
ends_with 0 matrix --dry-run
told '^fussy/1.0 .*[.] *[.] *[.]$'
[ ! -e fleet/Packages ] || fail 'a repository was made'

step 'one command: twelve cells, of which one does not build'
ends_with 2 matrix
told '^blink/1.0 .*[+] *[+] *[+]$'
told '^fussy/1.0 .*[+] *F *[+]$'
told '^fussy/1.0 for 6.1.0-50-cloud-amd64: does not build: .*no-such-file'
told 'the whole log is fleet/logs/fussy-1.0-6.1.0-50-cloud-amd64.txt'
told '1 of 12 cells do not build'
grep -q no-such-file fleet/logs/fussy-1.0-6.1.0-50-cloud-amd64.txt || fail 'the log does not say why'
[ "$(find fleet -name '*-modules-6*.deb' | wc -l)" -eq 11 ] || fail 'not a package for each cell that builds'
[ "$(grep -o '<td class="fails"' fleet/index.html | wc -l)" -eq 1 ] || fail 'the page has not one red cell'
! grep -i -e '<script' -e 'src=' fleet/index.html || fail 'the page asks for something'

step 'nothing of the builder has changed'
{ find /usr/src /lib/modules /var/lib/dkms || :; } 2>/dev/null | diff before - || fail 'files came or went'
[ -z "$(find /var/tmp -name 'dkms.*')" ] || fail 'something is left in /var/tmp'

step 'once more: nothing is built, no file changes'
find fleet -type f ! -name 'Release*' ! -name InRelease ! -path '*/.store/wanted/*' -exec sha256sum {} + | grep -v -e index.html -e matrix.json | sort >files
ends_with 2 matrix
! grep '^building' <<<"$output" || fail 'something was built'
told '^fussy/1.0 .*= *F *=$'
find fleet -type f ! -name 'Release*' ! -name InRelease ! -path '*/.store/wanted/*' -exec sha256sum {} + | grep -v -e index.html -e matrix.json | sort | diff files - || fail 'files changed'

step 'a module that is mended is built where it changed, and nowhere else'
tarball fussy 1.0
ends_with 0 matrix
told '^blink/1.0 .*= *= *=$'
told '^fussy/1.0 .*[+] *[+] *[+]$'
[ "$(find fleet -name '*-modules-6*.deb' | wc -l)" -eq 12 ] || fail 'not a package for each cell'
sha256sum fleet/.store/cells/*/module/*.ko* >modules

step 'a store that was cut off in the middle mends itself'
cell=$(find fleet/.store/cells -name 'blink.ko*' | head -n 1)
echo cut >"$cell"
mkdir "fleet/.store/cells/.staged-of-a-dead-host"
ends_with 0 matrix
told '^blink/1.0 .*[+]'
sha256sum -c --quiet modules || fail 'what was built again has other bytes'

step 'the client: no compiler, no headers, no DKMS'
without_compilers
install -D -m 644 fleet/repository-key.asc /etc/apt/keyrings/fleet.asc
cp -r fleet /srv/fleet
rm -rf /srv/fleet/.store
echo 'deb [signed-by=/etc/apt/keyrings/fleet.asc] file:/srv/fleet ./' >/etc/apt/sources.list.d/fleet.list
apt-get -q update -o APT::Update::Error-Mode=any
apt_install blink-modules-cloud-amd64 acpi-call-modules-cloud-amd64 fussy-modules-cloud-amd64
for module in blink acpi_call fussy; do
    file=$(module_files "$module" 6.1.0-50-cloud-amd64)
    modinfo -F vermagic "$file" | grep -q '^6.1.0-50-cloud-amd64 ' || fail "$module is not there"
    [ "$(modinfo -k 6.1.0-50-cloud-amd64 -F filename "$module")" = "$file" ] || fail "depmod does not list $module"
done
dpkg -s blink-modules-6.1.0-50-cloud-amd64 linux-image-6.1.0-50-cloud-amd64 | grep -c 'install ok installed' | grep -qx 2

step 'who changes the repository is noticed'
sed -i 's/^Version: 1.0-1$/Version: 9.0-1/' /srv/fleet/Packages
rm -rf /srv/fleet/by-hash /srv/fleet/Packages.*
rm -rf /var/lib/apt/lists/*
ends_with 100 apt-get -q update -o APT::Update::Error-Mode=any
