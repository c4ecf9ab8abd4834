# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
for kernel in $(kernels); do touch "/lib/modules/$kernel/modules.order" && depmod "$kernel"; done

# A source whose POST_REMOVE tells what it is told, and which release of the package it is of.
eval "plain_$(declare -f module_source)"
module_source() {
    plain_module_source "$@"
    echo "POST_REMOVE=\"scripts/gone.sh \$kernelver $release\"" >>"$1-$2/dkms.conf"
    mkdir "$1-$2/scripts"
    printf '%s\n' '#!/bin/sh' 'echo "$* in $PWD" >>/root/trace' >"$1-$2/scripts/gone.sh"
    chmod 755 "$1-$2/scripts/gone.sh"
}
for release in 1 2; do source_rpm blink 1.0 $release hello; done

step 'a package without scriptlets'
rpm -i blink-dkms-1.0-1.rpm
only blink 1.0 hello && settled
grep -q '"owner": "blink-dkms"' /var/lib/dkms/.records/brought/blink,1.0.json || fail 'nobody knows whose it is'

step 'a new release of the same version'
rpm -U blink-dkms-1.0-2.rpm
only blink 1.0 hello && settled
rm -f /root/trace

step 'killed at each rename while it is removed: the next run completes it'
rpm -e --justdb --noscripts --notriggers blink-dkms
cp -a /usr/src/blink-1.0 /root/source && cp -a /var/lib/dkms /root/tree
for ((when = 1; when < 40; when++)); do
    rm -rf /usr/src/blink-1.0
    strace -f -qq -o /dev/null -e trace=rename,renameat,renameat2 \
        -e "inject=rename,renameat,renameat2:signal=KILL:when=$when" dkms reconcile && break
    dkms reconcile
    gone blink && nothing_left_over
    [ -z "$(find /var/lib/dkms/.records -path '*blink*')" ] || fail "notes remain: $(find /var/lib/dkms/.records -path '*blink*')"
    rm -rf /var/lib/dkms && cp -a /root/tree /var/lib/dkms
    cp -a /root/source /usr/src/blink-1.0
    for kernel in $(kernels); do dkms install --force blink/1.0 -k "$kernel"; done
done
[ "$when" -gt 2 ] || fail "only $when renames: nothing was tested"

step 'rpm -e of a package without scriptlets: POST_REMOVE is run from the copy, for each kernel'
rm -rf /var/lib/dkms /root/tree /root/source /usr/src/blink-1.0
rpm -i blink-dkms-1.0-2.rpm
rm -f /root/trace
ends_with 0 rpm -e blink-dkms
gone blink && settled
for kernel in $(kernels); do
    grep -qx "$kernel 2 in /var/lib/dkms/.records/brought/blink,1.0,kept/source" /root/trace || fail "POST_REMOVE: $(cat /root/trace)"
done
[ -z "$(find /var/lib/dkms/.records -path '*blink*')" ] || fail 'notes remain'

step 'a source that a person deletes is broken, and nothing is taken away'
rpm -i blink-dkms-1.0-2.rpm
rm -rf /usr/src/blink-1.0 /root/trace
dkms reconcile
ends_with 0 dkms status
told '^blink/1.0: broken'
installed_files=$(find /lib/modules -name 'blink.ko*')
[ -n "$installed_files" ] && [ ! -e /root/trace ] || fail 'it was taken away'
ends_with 2 dkms check
