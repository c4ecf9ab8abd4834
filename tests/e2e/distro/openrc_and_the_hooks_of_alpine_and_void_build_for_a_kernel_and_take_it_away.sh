# root: openrc
# when: nightly
# OpenRC is the real one; the triggers of apk and xbps, which no Debian has, are played as their packages describe them.
. /e2e/inside.sh
install_ours
tar xf /packages/dkms-rs-*.tar.gz
make -s -C dkms-rs-* install-alpine install-void
module_source blink 1.0
cp -r blink-1.0 /usr/src/
dkms add blink/1.0
mapfile -t all < <(kernels)
first=${all[0]} second=${all[1]}
without() { dkms remove blink/1.0 --all && dkms add blink/1.0; }

step 'OpenRC: at the boot, for the kernels that are here'
[ ! -e /etc/init.d/dkms ] || head -n 1 /etc/init.d/dkms | grep -qx '#!/sbin/openrc-run' || fail 'another script'
mkdir -p /run/lock /run/openrc/{starting,started,stopping,inactive,wasinactive,failed,exclusive,options,daemons,hotplugged,scheduled,tmp}
touch /run/openrc/softlevel
rc-update add dkms default
rc-update show default | grep -q dkms || fail 'it is in no runlevel'
mkdir -p /etc/dkms/framework.conf.d
rc-service --nodeps dkms describe
ends_with 0 rc-service --nodeps dkms start
rc-service --nodeps dkms status
for kernel in "${all[@]}"; do installed blink 1.0 "$kernel"; done

step 'Alpine: a kernel comes, is replaced, and goes'
without
for_alpine() { (cd / && /etc/kernel-hooks.d/dkms.hook "$@"); }
flavour() { cut -d- -f3- <<<"$1"; }
version() { cut -d- -f1,2 <<<"$1"; }
ends_with 0 for_alpine "$(flavour "$first")" "$(version "$first")" ''
installed blink 1.0 "$first"
[ -z "$(module_files blink "$second")" ] || fail 'for another kernel, too'
mv "/lib/modules/$first" /root/gone
ends_with 0 for_alpine "$(flavour "$first")" '' "$(version "$first")"
! dkms status | grep -qF "$first" || fail 'it is still known'
mv /root/gone "/lib/modules/$first"

step 'Void: the same'
without
for_void() { (cd / && env ROOTDIR=. "etc/kernel.d/$1/10-dkms" linux6.1 "$2"); }
ends_with 0 for_void post-install "$second"
installed blink 1.0 "$second"
ends_with 0 for_void pre-remove "$second"
[ -z "$(module_files blink "$second")" ] || fail 'the module is still there'
ends_with 0 for_void post-remove "$second"

step 'when our package has gone, none of them says anything'
dpkg --purge dkms-rs >/dev/null 2>&1 || apt_remove dkms-rs
for command in "for_alpine lts 6.1.0-1 ''" 'for_void post-install 6.1.0_1' 'for_void pre-remove 6.1.0_1'; do
    # shellcheck disable=SC2086 # words
    ends_with 0 $command
    [ -z "$output" ] || fail 'it says something'
done
ends_with 0 rc-service --nodeps dkms restart
