. /e2e/inside.sh
. /e2e/sign.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
tarball blink 1.0 one && dkms mkrpm blink-1.0.tar.gz --output first.rpm
tarball blink 1.0 two && dkms mkrpm blink-1.0.tar.gz --release 2 --output second.rpm
tree=/var/lib/dkms
log=$tree/blink/1.0/$KERNEL/$(uname -m)/log/make.log

# privately CMD...: in mounts of its own, as rpm 4.20 runs its scriptlets (%__transaction_unshare) and systemd its services:
# some of the root is another mount there, and the root itself is a mount over the root.
privately() {
    # shellcheck disable=SC2016 # expanded inside
    unshare --mount --propagation private sh -euc '
        mount -t tmpfs private /tmp
        mount --bind /etc /etc
        mount -o remount,bind,ro /etc
        exec "$@"' privately "$@"
}
all_signed() {
    local kernel
    for kernel in $(kernels); do signed_by "$(module_files blink "$kernel")" $tree/mok.key $tree/mok.pub; done
}
none_signed() {
    local kernel
    for kernel in $(kernels); do ! split "$(module_files blink "$kernel")" || fail "signed for $kernel"; done
}

step 'a whole transaction of rpm in private mounts: installed, upgraded'
ends_with 0 privately rpm -i /root/first.rpm
installed blink 1.0
all_signed
ends_with 0 privately rpm -U /root/second.rpm
installed blink 1.0
says blink two
all_signed

step 'a whole event of a kernel and the start-up service in private mounts'
for event in "kernel header_postinst $KERNEL" start; do
    dkms unbuild blink/1.0 --all
    # shellcheck disable=SC2086 # words
    ends_with 0 privately /usr/lib/dkms/event $event
    signed_by "$(blink)" $tree/mok.key $tree/mok.pub
done
installed blink 1.0

step 'podman, docker and nspawn build images: no key, no signatures'
ends_with 0 rpm -e blink-dkms
rm -f $tree/mok.*
for mark in /run/.containerenv /.dockerenv /run/systemd/container; do
    mkdir -p "$(dirname "$mark")"
    touch "$mark"
    ends_with 0 rpm -i first.rpm
    installed blink 1.0
    none_signed
    [ ! -e $tree/mok.key ] || fail "a key in an image: $mark"
    ends_with 0 /usr/lib/dkms/event start
    none_signed
    [ -e /last ] || ends_with 0 rpm -e blink-dkms
    rm "$mark"
    [ "$mark" != /.dockerenv ] || touch /last
done

step 'what it made boots: signed by its own key, and not compiled again'
built=$(stat -c '%Y %s' "$log")
mv /usr/bin/make /usr/bin/make.away
ends_with 0 /usr/lib/dkms/event start
mv /usr/bin/make.away /usr/bin/make
all_signed
installed blink 1.0
says blink one
[ "$(stat -c '%Y %s' "$log")" = "$built" ] || fail 'it was compiled again'
ends_with 0 /usr/lib/dkms/event start
settled
