# root: dnfcore
# when: nightly
# at most: 600
. /e2e/inside.sh
. /e2e/fleet.sh
step 'a signed repository with headers of two kernels, as files and from a web server'
builder
loopback
mkdir debs
cp /repo/linux-headers-6.1.0-50-{cloud-amd64,rt-amd64,common,common-rt}_*.deb /repo/linux-kbuild-6.1_*.deb /repo/linux-compiler-gcc-12-x86_*.deb debs
dkms mkrepo debs --sign-key /e2e/keys/vendor.asc >/dev/null
cloud=$(echo debs/linux-headers-6.1.0-50-cloud-amd64_*.deb)
mkdir whole && cp -a debs/. whole
serve /root 8099
blinks() { dkms mkmatrix ./blink-1.0.tar.gz --kernels '6.1.0-*' --from "deb [signed-by=/root/whole/repository-key.asc] $1 ./" --store store -o fleet --maintainer 'A Vendor <vendor@example.org>' "${@:2}"; }
# afresh: the repository is whole again, nothing is known of it.
afresh() { rm -rf debs store fleet && cp -a whole debs; }
# one_is_refused WHY: blink is built for the other kernel, and nothing of what was refused is kept.
one_is_refused() {
    told '^blink/1.0 .*[?] *[+]$'
    told "^blink/1.0 for 6.1.0-50-cloud-amd64: cannot tell: .*linux-headers-6.1.0-50-cloud-amd64_.*$1"
    [ "$(find store/cells -name cell.json | wc -l)" -eq 1 ] || fail 'not one cell'
    [ "$(find store/packages -type f | wc -l)" -eq 4 ] || fail "what was refused is kept: $(ls store/packages)"
    (cd store/packages && for file in *; do [ "$(sha256sum <"$file")" = "$file  -" ] || fail "$file is another"; done)
    grep -q 'class="unknown" title="[^"]*linux-headers-6.1.0-50-cloud-amd64_' fleet/index.html || fail 'the page does not say it'
    [ -z "$(find /var/tmp -name 'dkms.*'; find store -name '.staged-*')" ] || fail 'something is left'
}

for source in file:/root/debs http://127.0.0.1:8099/debs; do
    step "$source: a byte of a package is another"
    afresh
    printf X | dd of="$cloud" bs=1 seek=20000 conv=notrunc status=none
    ends_with 1 blinks $source
    one_is_refused 'Hash Sum mismatch'

    step 'mended, the same command goes on'
    cp whole/*cloud* debs
    ends_with 0 blinks $source
    told '^blink/1.0 .*[+] *=$'

    step 'it is cut off'
    afresh
    truncate -s 100000 "$cloud"
    ends_with 1 blinks $source
    one_is_refused '(Hash Sum mismatch|unexpected size)'

    step 'it has gone'
    afresh
    rm "$cloud"
    ends_with 1 blinks $source
    one_is_refused '(not found|404)'

    step 'the index has another digest, and nobody signed that'
    afresh
    rm -r debs/by-hash debs/Packages.*
    sed -i "s/^SHA256: .*/SHA256: $(sha256sum <"$cloud" | cut -c 1-64)/" debs/Packages
    ends_with 2 blinks $source
    told 'error: `apt-get update` failed, .*(Hash Sum mismatch|unexpected size)'
    [ ! -e fleet/index.html ] || fail 'a page of nothing'

    step 'signed by somebody else, and not at all'
    afresh
    sed -i 's/^Origin: .*/Origin: Somebody/' debs/InRelease debs/Release
    ends_with 2 blinks $source
    told 'error: `apt-get update` failed'
    rm debs/InRelease debs/Release.gpg
    ends_with 2 blinks $source
    told "error: .*$source.* is not signed"
    told 'hint: .*signed-by='
done

step 'who signs an index with a wrong digest is believed no more than the file'
afresh
rm -r debs/by-hash debs/Packages.* debs/InRelease debs/Release*
sed -i "/^Package: linux-headers-6.1.0-50-cloud-amd64/,/^\$/s/^SHA256: .*/SHA256: $(printf '%064d' 7)/; /^MD5sum/d" debs/Packages
printf 'Date: %s\nSHA256:\n %s %s Packages\n' "$(date -uR)" "$(sha256sum <debs/Packages | cut -c 1-64)" "$(stat -c %s debs/Packages)" >debs/Release
gpg -q --batch --import /e2e/keys/vendor.asc
gpg -q --batch --clearsign -o debs/InRelease debs/Release
ends_with 1 blinks file:/root/debs
one_is_refused 'Hash Sum mismatch'
