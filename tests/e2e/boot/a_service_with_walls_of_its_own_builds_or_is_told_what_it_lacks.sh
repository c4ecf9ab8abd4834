# root: booted
# when: nightly
# at most: 2400
. /e2e/inside.sh
. /e2e/boot.sh
. /e2e/vm.sh
install_ours
image
only_this_kernel
module_source blink 1.0
cp -r blink-1.0 /usr/src/
systemctl disable dkms.service
disk

# as NAME PROPERTY... -- CMD...: runs it as a service with these properties; its lines begin with NAME.
cat >services <<SCRIPT
KERNEL=$KERNEL
SCRIPT
cat >>services <<'SCRIPT'
as() {
    local name=$1 code=0 properties=()
    shift
    while [ "$1" != -- ]; do properties+=(-p "$1"); shift; done
    shift
    systemd-run --quiet --wait --pipe "${properties[@]}" "$@" >/run/said 2>&1 </dev/null || code=$?
    sed "s/^/$name: /" /run/said
    echo "$name: (exit $code)"
}
install=(sh -c "dkms build blink/1.0 -k $KERNEL --force --verbose && dkms install blink/1.0 -k $KERNEL --force")
strict=(ProtectSystem=strict PrivateTmp=yes NoNewPrivileges=yes)
needed='ReadWritePaths=/var/lib/dkms /usr/lib/modules'
as plain -- "${install[@]}"
as nothing "${strict[@]}" -- "${install[@]}"
as tree "${strict[@]}" ReadWritePaths=/var/lib/dkms -- dkms install blink/1.0 -k "$KERNEL" --force
as modules ProtectKernelModules=yes -- "${install[@]}"
as sources InaccessiblePaths=/usr/src -- dkms build blink/1.0 -k "$KERNEL" --force
as user User=nobody "${strict[@]}" "$needed" -- "${install[@]}"
as strict "${strict[@]}" "$needed" -- "${install[@]}"
as narrow "${strict[@]}" "$needed" RestrictNamespaces=yes -- "${install[@]}"
as demanded RestrictNamespaces=yes -- sh -c "echo room=full >/etc/dkms/framework.conf.d/room.conf; dkms build blink/1.0 -k $KERNEL --force"
rm -f /etc/dkms/framework.conf.d/room.conf
modprobe blink && sed -n 's/^blink .*/loaded: blink/p' /proc/modules
systemd-analyze security dkms.service --no-pager | tail -n 1 | sed 's/^/security: /'
SCRIPT
start services <services

step 'as root, nothing between: the strongest room'
on services '^plain: what is built is built in a room of level full$'
on services '^plain: \(exit 0\)$'

step 'what cannot be written is told before anything is compiled'
for name in nothing tree modules sources user; do
    never_on services "^$name: building .*done"
    never_on services "^$name: \\(exit 0\\)"
done
on services '^nothing: dkms: error: build needs write access to /var/lib/dkms'
on services '^nothing:   hint: .*ReadWritePaths='
on services '^tree: dkms: error: .* is on a read-only file system'
on services '^tree:   hint: .*ReadWritePaths='
on services '^user:   hint: run the command as root'
on services '^modules: \(exit 21\)'
on services '^modules:   hint: /usr/lib/modules is hidden .*ProtectKernelModules=no in it'
on services '^sources:   hint: /usr/src is hidden .*InaccessiblePaths='

step 'a service that may write what is needed builds, in the room that its walls leave'
on services '^strict: what is built is built in a room of level full$'
on services '^strict: \(exit 0\)$'
on services '^narrow: what is built is built in a room of level user'
on services '^narrow: \(exit 0\)$'
on services '^demanded: dkms: error: blink/1.0 is not built: a room of level full cannot be had here'
on services '^loaded: blink$'
