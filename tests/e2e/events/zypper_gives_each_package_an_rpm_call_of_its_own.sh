# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# Before it delayed the scripts of a transaction, zypper ran rpm once for each package: what happens "once, at the end" does
# so in each call, and %posttrans gets 0 or nothing.
KVER=6.4.0-150600.23-default
kernel_rpms $KVER
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
source_rpm blink 1.0 1 one && source_rpm blink 1.0 2 two
tarball wink 3.1 hey && dkms mkrpm wink-3.1.tar.gz --output wink.rpm
rename() { mv kernel-"$1"-6.4.0-*.rpm "$1.rpm"; }
rename core && rename devel
mv blink-dkms-1.0-1.rpm blink.rpm

for order in 'blink wink devel core' 'wink core blink devel'; do
    step "$order"
    for package in $order; do ends_with 0 rpm -i --nodeps "$package.rpm"; done
    installed blink 1.0 && installed wink 3.1 && settled
    rpm -U blink-dkms-1.0-2.rpm
    says blink two && settled
    for package in $order; do
        case $package in core | devel) rpm -e kernel-$package ;; *) rpm -e "$package-dkms" ;; esac
    done
    gone blink && gone wink && settled
    [ ! -e /lib/modules/$KVER ] || fail "leftovers: $(find /lib/modules/$KVER)"
done

step 'the argument of %posttrans: missing, or 0'
module_source blink 1.0 one && mv blink-1.0 /usr/src/
for count in '' 0; do
    # shellcheck disable=SC2086 # a word or none
    ends_with 0 /usr/lib/dkms/event rpm posttrans blink 1.0 $count
    installed blink 1.0
    dkms remove blink/1.0 --all
done
rm -rf /usr/src/blink-1.0
