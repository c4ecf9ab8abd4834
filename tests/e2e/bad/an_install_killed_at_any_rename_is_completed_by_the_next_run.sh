. /e2e/inside.sh
install_ours
kernel=$(kernels | grep cloud)
module_source blink 1.0
cp -r blink-1.0 /usr/src/
mkdir -p /var/lib/dkms
dkms add blink/1.0

step 'killed at the first rename, the second, …'
for ((when = 1; when <= 20; when++)); do
    code=0
    strace -qq -o /dev/null -e trace=rename,renameat,renameat2 \
        -e "inject=rename,renameat,renameat2:signal=KILL:when=$when" dkms install blink/1.0 -k "$kernel" || code=$?
    [ "$code" -ne 0 ] || break
    echo "killed at rename $when: $(dkms status)"
    dkms status | grep -qE '^blink/1.0(: added|, .*: (built|installed)$)' || fail 'a state that is none'
    dkms install blink/1.0 -k "$kernel"
    installed blink 1.0 "$kernel"
    [ -z "$(find /lib/modules/"$kernel"/updates -name '.*')" ] || fail 'temporary files remain'
    dkms unbuild blink/1.0 -k "$kernel"
    status_is 'blink/1.0: added'
done
[ "$when" -gt 2 ] || fail "only $when renames: nothing was tested"
installed blink 1.0 "$kernel"
