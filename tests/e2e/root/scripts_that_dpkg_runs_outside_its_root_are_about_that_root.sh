# when: nightly
. /e2e/inside.sh
. /e2e/root.sh
. /e2e/transactions.sh
second_root
install_ours
tarball blink 1.0 && dkms mkdeb blink-1.0.tar.gz --output /tmp/blink.deb
tarball blink 2.0 && dkms mkdeb blink-2.0.tar.gz --output /tmp/blink2.deb
usual_deb wink 1.0 1 hello
mv wink-dkms_1.0-1.deb /tmp/
chrootless=(dpkg --root=/target --force-script-chrootless --force-depends)
remember_host() { host_state | grep -v '/var/log/' >/tmp/host; }
host_unchanged() { host_state | grep -v '/var/log/' | diff /tmp/host - || fail 'something changed outside /target'; }
remember_host

step 'a package of ours, installed and upgraded'
ends_with 0 "${chrootless[@]}" -i /tmp/blink.deb
built_in_target blink "$KERNEL"
ends_with 0 "${chrootless[@]}" -i /tmp/blink2.deb
built_in_target blink "$KERNEL"
[ "$(dkms --root /target status)" = "blink/2.0, $KERNEL, x86_64: installed" ] || fail 'another state'
[ -z "$(dkms status)" ] || fail 'this root knows of it'

step "a package with the scripts of Debian's, which call dkms themselves"
ends_with 0 "${chrootless[@]}" -i /tmp/wink-dkms_1.0-1.deb
built_in_target wink "$KERNEL"

step 'removed'
ends_with 0 "${chrootless[@]}" -r blink-dkms wink-dkms
[ -z "$(dkms --root /target status)" ] || fail 'something is still known'
[ -z "$(find /target/lib/modules -name '*ink.ko*')" ] || fail 'a module is still there'
host_unchanged
