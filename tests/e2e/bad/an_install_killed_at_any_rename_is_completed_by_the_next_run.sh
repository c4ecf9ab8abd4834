. /e2e/inside.sh
install_ours
kernel=$(kernels | grep cloud)
module_source blink 1.0
cp -r blink-1.0 /usr/src/
dkms add blink/1.0

# killed N CMD...: CMD under strace, killed as it enters its Nth rename. False when it has fewer.
killed() {
    local when=$1 code=0
    shift
    strace -f -qq -o /dev/null -e trace=rename,renameat,renameat2 \
        -e "inject=rename,renameat,renameat2:signal=KILL:when=$when" "$@" || code=$?
    [ "$code" -ne 0 ] || return 1
    echo "killed at rename $when: $(dkms status)"
    dkms status | grep -qE '^blink/1.0(: added|, .*: (built|installed))$' || fail 'a state that is none'
}
whole() {
    installed blink 1.0 "$kernel"
    [ -z "$(find /lib/modules/"$kernel"/updates -name '.*')" ] || fail 'temporary files remain'
}

step 'while it builds'
for when in 1 2; do
    killed "$when" dkms build blink/1.0 -k "$kernel" || break
    dkms install blink/1.0 -k "$kernel"
    whole
    dkms unbuild blink/1.0 -k "$kernel"
    status_is 'blink/1.0: added'
done
[ "$when" -gt 1 ] || fail 'a build without a rename: nothing was tested'

step 'while it installs'
dkms build blink/1.0 -k "$kernel"
for ((when = 1; when < 30; when++)); do
    killed "$when" dkms install blink/1.0 -k "$kernel" || break
    dkms install blink/1.0 -k "$kernel"
    whole
    dkms uninstall blink/1.0 -k "$kernel"
done
[ "$when" -gt 2 ] || fail "only $when renames: nothing was tested"
whole

step 'while it is removed'
for ((when = 1; when < 30; when++)); do
    killed "$when" dkms uninstall blink/1.0 -k "$kernel" || break
    dkms install blink/1.0 -k "$kernel"
    whole
done
[ "$when" -gt 1 ] || fail 'no rename: nothing was tested'
status_is "blink/1.0, $kernel, x86_64: built"
