# shellcheck shell=bash
# inside.sh: the measured part, in a root that has the shell DKMS; ours is /packages/dkms.
set -euo pipefail
exec </dev/null
rounds=3

# median CMD...: seconds of the middle of several runs.
median() {
    local start
    for ((i = 0; i < rounds; i++)); do
        start=$EPOCHREALTIME
        "$@" >/tmp/output 2>&1 || { cat /tmp/output >&2; return 1; }
        awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.3f\n", b - a}'
    done | sort -n | sed -n "$((rounds / 2 + 1))p"
}
row() { # WHAT THEIRS OURS
    printf '%-52s %8s s %8s s %7s\n' "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN {printf "%.1f x", a / (b > 0.001 ? b : 0.001)}')"
}

# Thirty modules, installed on three kernels: one real build, copied under other names.
source_of() {
    mkdir -p "/usr/src/$1-1.0"
    printf 'PACKAGE_NAME="%s"\nPACKAGE_VERSION="1.0"\nDEST_MODULE_LOCATION="/updates"\nAUTOINSTALL="yes"\n' "$1" >"/usr/src/$1-1.0/dkms.conf"
    echo "obj-m := $1.o" >"/usr/src/$1-1.0/Makefile"
    printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nMODULE_VERSION("1.0");\n' >"/usr/src/$1-1.0/$1.c"
}
third=6.1.0-99-amd64
first=$(basename "$(dirname "$(echo /lib/modules/*-cloud-*/build)")")
mkdir "/lib/modules/$third"
cp -a "/lib/modules/$first/build" "/lib/modules/$third/build"
source_of m0
dkms install m0/1.0 -k "$first" >/dev/null
made=/var/lib/dkms/m0/1.0/$first/x86_64
for ((n = 0; n < 30; n++)); do
    source_of "m$n"
    for kernel in $(ls /lib/modules); do
        at=/var/lib/dkms/m$n/1.0/$kernel/x86_64
        [ -d "$at" ] || { mkdir -p "$(dirname "$at")"; cp -a "$made" "$at"; [ "$n" = 0 ] || mv "$at/module/m0.ko" "$at/module/m$n.ko"; }
        ln -sfn "/usr/src/m$n-1.0" "/var/lib/dkms/m$n/1.0/source"
        ln -sfn "1.0/$kernel/x86_64" "/var/lib/dkms/m$n/kernel-$kernel-x86_64"
        mkdir -p "/lib/modules/$kernel/updates/dkms"
        cp "$at/module/m$n.ko" "/lib/modules/$kernel/updates/dkms/"
    done
done
diff <(dkms status) <(/packages/dkms status) || { echo 'the two do not agree on the state'; exit 1; }
[ "$(dkms status | grep -c ': installed$')" -eq 90 ] || { echo 'not what was to be measured'; exit 1; }

# A source of some size: half of the headers that all flavours share.
cp -a /usr/src/linux-headers-*-common/include /root/tree
cp /usr/src/m1-1.0/* /root/tree/
mkdir -p /root/deb/DEBIAN /root/deb/usr/src
cp -a /root/tree /root/deb/usr/src/m1-1.0
printf 'Package: m1-dkms\nVersion: 1.0-1\nArchitecture: all\nMaintainer: A B <a@example.org>\nDescription: x\n' >/root/deb/DEBIAN/control
cat >/root/m1.spec <<'END'
Name: m1-dkms
Version: 1.0
Release: 1
Summary: x
License: GPL
BuildArch: noarch
AutoReqProv: no
%global _binary_payload w3.zstdio
%global __os_install_post %{nil}
%description
%install
mkdir -p %{buildroot}/usr/src
cp -a /root/tree %{buildroot}/usr/src/m1-1.0
%files
/usr/src/m1-1.0
END

packing=(--maintainer 'A B <a@example.org>' --force)
printf '%-52s %10s %10s %7s\n' '' original dkms-rs ratio
row 'status, 30 modules on 3 kernels' "$(median dkms status)" "$(median /packages/dkms status)"
row 'autoinstall with nothing to do' "$(median dkms autoinstall -k "$first")" "$(median /packages/dkms autoinstall -k "$first")"
row "a .deb of $(du -sm /root/tree | cut -f1) MB (dpkg-deb)" "$(median dpkg-deb -Zxz -b /root/deb /root/theirs.deb)" \
    "$(median /packages/dkms mkdeb /root/tree --output /root/ours.deb "${packing[@]}")"
row "an .rpm of it (rpmbuild)" "$(median rpmbuild -bb --define '_topdir /root/rpmbuild' /root/m1.spec)" \
    "$(median /packages/dkms mkrpm /root/tree --output /root/ours.rpm "${packing[@]}")"
ls -l /root/theirs.deb /root/ours.deb /root/rpmbuild/RPMS/noarch/*.rpm /root/ours.rpm | awk '{printf "%10d bytes  %s\n", $5, $9}'
