# shellcheck shell=bash
# transactions.sh: packages for scenarios of package events. Sourced after inside.sh.

# kernel_rpms KVER: kernel-core-KVER.rpm and kernel-devel-KVER.rpm here, as Fedora has them. The headers are a copy of
# Debian's under another release. Without KERNEL_INSTALL=no the scriptlets call kernel-install.
kernel_rpms() {
    local kver=$1 headers=$PWD/kernel-build/$1
    rm -rf "$headers"
    headers_like "$kver" "$headers"
    cat >"kernel-build/$kver.spec" <<END
Name: kernel-core
Version: ${kver%%-*}
Release: $(tr - . <<<"${kver#*-}")
Summary: A kernel
License: GPL-2.0-only
BuildArch: noarch
AutoReqProv: no
Provides: installonlypkg(kernel)
Provides: kernel-uname-r = ${kver%%-*}-$(tr - _ <<<"${kver#*-}")
%global __os_install_post %{nil}
%define _build_id_links none
%description
A kernel.
%package -n kernel-devel
Summary: Its headers
AutoReqProv: no
Provides: installonlypkg(kernel)
Provides: kernel-devel-uname-r = ${kver%%-*}-$(tr - _ <<<"${kver#*-}")
%description -n kernel-devel
Its headers.
%install
mkdir -p %{buildroot}/lib/modules/$kver/kernel %{buildroot}/usr/src/kernels
echo image >%{buildroot}/lib/modules/$kver/vmlinuz
touch %{buildroot}/lib/modules/$kver/modules.order %{buildroot}/lib/modules/$kver/modules.builtin
ln -s /usr/src/kernels/$kver %{buildroot}/lib/modules/$kver/build
cp -a $headers %{buildroot}/usr/src/kernels/$kver
%posttrans
[ "${KERNEL_INSTALL-}" = no ] || [ ! -x /bin/kernel-install ] || /bin/kernel-install add $kver /lib/modules/$kver/vmlinuz || exit \$?
%preun
[ "${KERNEL_INSTALL-}" = no ] || [ ! -x /bin/kernel-install ] || /bin/kernel-install remove $kver || exit \$?
%files
%dir /lib/modules/$kver
/lib/modules/$kver/vmlinuz
/lib/modules/$kver/modules.order
/lib/modules/$kver/modules.builtin
/lib/modules/$kver/kernel
/lib/modules/$kver/build
%files -n kernel-devel
/usr/src/kernels/$kver
END
    rpmbuild_here "kernel-build/$kver.spec"
}

# headers_like KVER FOLDER: a copy of Debian's smallest headers there, as those of KVER.
headers_like() {
    local from link
    from=$(readlink -f "/lib/modules/$(uname_of_headers)/build")
    mkdir -p "$2"
    cp -a "$from/." "$2/"
    find "$from" -type l -printf '%P\n' | while read -r link; do ln -sfn "$(readlink -f "$from/$link")" "$2/$link"; done
    # From Linux 7 on the makefile says where it lies.
    sed -i 's|^KBUILD_OUTPUT=.*|KBUILD_OUTPUT := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))|' "$2/Makefile"
    echo "$1" >"$2/include/config/kernel.release"
    echo "#define UTS_RELEASE \"$1\"" >"$2/include/generated/utsrelease.h"
}

uname_of_headers() { basename "$(dirname "$(find /lib/modules -maxdepth 2 -name build -path '*cloud*' | head -n 1)")"; }

# headers_deb KVER: linux-headers-KVER.deb, a kernel's headers alone, of a kernel that compresses its modules with xz.
headers_deb() {
    local kver=$1 top=$PWD/deb-build headers file
    rm -rf "$top"
    headers=$top/usr/src/linux-headers-$kver
    mkdir -p "$top/DEBIAN" "$top/usr/lib/modules/$kver"
    headers_like "$kver" "$headers"
    for file in "$headers/.config" "$headers/include/config/auto.conf"; do
        [ -e "$file" ] || continue
        sed -i '/CONFIG_MODULE_COMPRESS/d' "$file"
        printf 'CONFIG_MODULE_COMPRESS_%s=y\n' XZ ALL >>"$file"
        echo CONFIG_MODULE_COMPRESS=y >>"$file"
    done
    ln -s "/usr/src/linux-headers-$kver" "$top/usr/lib/modules/$kver/build"
    printf '%s\n' "Package: linux-headers-$kver" 'Version: 1' 'Architecture: amd64' 'Maintainer: A <a@example.org>' \
        'Description: headers' >"$top/DEBIAN/control"
    cat >"$top/DEBIAN/postinst" <<END
#!/bin/sh
set -e
[ "\$1" != configure ] || [ ! -d /etc/kernel/header_postinst.d ] || run-parts --report --exit-on-error --arg=$kver /etc/kernel/header_postinst.d
END
    chmod 755 "$top/DEBIAN/postinst"
    dpkg-deb -Zgzip -z1 --root-owner-group -b "$top" "linux-headers-$kver.deb"
}

# image_deb KVER [TRIGGER]: linux-image-KVER.deb, an image with the hooks of Debian's. With a second word its postinst.d is
# run late, by a trigger of the package's own, as Ubuntu's are.
image_deb() {
    local kver=$1 top=$PWD/deb-build hooks
    rm -rf "$top" && mkdir -p "$top/DEBIAN" "$top/boot" "$top/usr/lib/modules/$kver/kernel"
    echo image >"$top/boot/vmlinuz-$kver"
    touch "$top/usr/lib/modules/$kver/modules.order" "$top/usr/lib/modules/$kver/modules.builtin" "$top/usr/lib/modules/$kver/kernel/x"
    printf '%s\n' "Package: linux-image-$kver" 'Version: 1' 'Architecture: amd64' 'Maintainer: A <a@example.org>' \
        'Description: an image' >"$top/DEBIAN/control"
    hooks="run() { [ ! -d /etc/kernel/\$1.d ] || DEB_MAINT_PARAMS=\"\$2\" run-parts --report --exit-on-error --arg=$kver --arg=/boot/vmlinuz-$kver /etc/kernel/\$1.d; }"
    printf '#!/bin/sh\nset -e\n%s\n' "$hooks" | tee "$top/DEBIAN/preinst" "$top/DEBIAN/postinst" "$top/DEBIAN/prerm" >"$top/DEBIAN/postrm"
    echo 'run preinst "$*"' >>"$top/DEBIAN/preinst"
    if [ $# -gt 1 ]; then
        echo "interest linux-update-$kver" >"$top/DEBIAN/triggers"
        printf '%s\n' "case \$1 in triggered) run postinst 'configure ' ;; configure) depmod $kver && dpkg-trigger linux-update-$kver ;; esac" >>"$top/DEBIAN/postinst"
    else
        echo "[ \$1 != configure ] || { depmod $kver && run postinst \"\$*\"; }" >>"$top/DEBIAN/postinst"
    fi
    echo '[ $1 != remove ] || run prerm "$*"' >>"$top/DEBIAN/prerm"
    printf '%s\n' "[ \$1 = upgrade ] || rm -f /lib/modules/$kver/modules.*" 'run postrm "$*"' >>"$top/DEBIAN/postrm"
    chmod 755 "$top/DEBIAN/preinst" "$top/DEBIAN/postinst" "$top/DEBIAN/prerm" "$top/DEBIAN/postrm"
    dpkg-deb -Zgzip -z1 --root-owner-group -b "$top" "linux-image-$kver.deb"
}

# rpmbuild_here SPEC: its packages as NAME-VERSION-RELEASE.rpm in this folder.
rpmbuild_here() {
    rpmbuild -bb --quiet --define "_topdir $PWD/rpmbuild" --define "_rpmdir $PWD" --define '_binary_payload w1.gzdio' \
        --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.rpm' --define '__brp_mangle_shebangs %{nil}' "$1"
}

# source_rpm NAME VERSION RELEASE GREETING [SCRIPTLETS]: NAME-dkms-VERSION-RELEASE.rpm, which merely brings the source.
# SCRIPTLETS "usual": with those that packages for the shell original have; "safe": with --rpm_safe_upgrade in them.
source_rpm() {
    local name=$1 version=$2 release=$3 greeting=$4 option=''
    [ "${5-}" != safe ] || option=--rpm_safe_upgrade
    rm -rf source-build && mkdir source-build
    (cd source-build && module_source "$name" "$version" "$greeting")
    {
        cat <<END
Name: $name-dkms
Version: $version
Release: $release
Summary: The source of a module
License: GPL-2.0-only
BuildArch: noarch
%description
The source of a module.
%install
mkdir -p %{buildroot}/usr/src
cp -a $PWD/source-build/$name-$version %{buildroot}/usr/src/
%files
/usr/src/$name-$version
END
        [ $# -lt 5 ] || cat <<END
%post
dkms add -m $name -v $version $option
dkms build -m $name -v $version && dkms install -m $name -v $version --force
exit 0
%preun
dkms remove -m $name -v $version --all $option
exit 0
END
    } >source-build/spec
    [ -z "${ALL_KERNELS-}" ] || sed -i 's/^dkms build.*/for k in $(ls \/lib\/modules); do dkms build -m '"$name -v $version"' -k $k \&\& dkms install -m '"$name -v $version"' -k $k --force; done/' source-build/spec
    rpmbuild_here source-build/spec
}

# source_deb NAME VERSION REVISION GREETING: NAME-dkms_VERSION-REVISION.deb, which merely brings the source.
source_deb() {
    local name=$1 version=$2 revision=$3 top
    top=$PWD/deb-build
    rm -rf "$top" && mkdir -p "$top/DEBIAN" "$top/usr/src"
    (cd "$top/usr/src" && module_source "$name" "$version" "$4")
    printf '%s\n' "Package: $name-dkms" "Version: $version-$revision" 'Architecture: all' 'Maintainer: A <a@example.org>' \
        'Depends: dkms' 'Description: a source' >"$top/DEBIAN/control"
    dpkg-deb -Zgzip -z1 --root-owner-group -b "$top" "$name-dkms_$version-$revision.deb"
}

# usual_deb NAME VERSION REVISION GREETING: the same with the maintainer scripts that Debian's module packages have.
usual_deb() {
    source_deb "$@"
    cat >deb-build/DEBIAN/postinst <<END
#!/bin/sh
set -e
if [ "\$1" = configure ]; then /usr/lib/dkms/common.postinst $1 $2 /usr/share/$1-dkms "" "\$2"; fi
END
    cat >deb-build/DEBIAN/prerm <<END
#!/bin/sh
set -e
case "\$1" in remove | upgrade | deconfigure)
    if [ "\$(dkms status -m $1 -v $2)" ]; then dkms remove -m $1 -v $2 --all; fi ;;
esac
END
    chmod 755 deb-build/DEBIAN/postinst deb-build/DEBIAN/prerm
    dpkg-deb -Zgzip -z1 --root-owner-group -b deb-build "$1-dkms_$2-$3.deb"
}

# source_pac NAME VERSION RELEASE GREETING: NAME-dkms-VERSION-RELEASE.pkg.tar.zst of pacman, which merely brings the source.
source_pac() {
    local top=$PWD/pac-build
    rm -rf "$top" && mkdir -p "$top/usr/src"
    (cd "$top/usr/src" && module_source "$1" "$2" "$4")
    printf '%s\n' "pkgname = $1-dkms" "pkgver = $2-$3" 'pkgdesc = a source' 'url = http://example.org' 'builddate = 1700000000' \
        'packager = A <a@example.org>' 'size = 1000' 'arch = any' 'license = GPL2' >"$top/.PKGINFO"
    bsdtar -C "$top" --zstd -cf "$1-dkms-$2-$3.pkg.tar.zst" .PKGINFO usr
}

# serves NAME VERSION GREETING KERNEL...: these kernels have that build still; status says so and calls nothing broken.
serves() {
    local name=$1 version=$2 greeting=$3 kernel
    for kernel in "${@:4}"; do
        installed "$name" "$version" "$kernel"
        modinfo -F description "$(module_files "$name" "$kernel")" | grep -qx "says $greeting" ||
            fail "$name for $kernel does not say $greeting"
    done
    ! dkms status 2>&1 | grep 'broken' || fail 'what serves is called broken'
}

# failed_and_serves NAME NEW OLD GREETING KERNEL...: NEW failed for these kernels, OLD serves there, whatever comes by; it is
# told once.
failed_and_serves() {
    local name=$1 new=$2 old=$3 greeting=$4 kernel others
    shift 4
    others=$(kernels | grep -vxF -f <(printf '%s\n' "$@") | head -n 1 || :)
    serves "$name" "$old" "$greeting" "$@"
    for event in 'start' "kernel-install add ${others:-6.9.9-none} /boot" "kernel header_postinst ${others:-6.9.9-none}"; do
        step "$event"
        # shellcheck disable=SC2086 # its words
        /usr/lib/dkms/event $event || :
        serves "$name" "$old" "$greeting" "$@"
    done
    ends_with 2 dkms check
    for kernel; do
        [ "$(grep -c "$name/$new for $kernel .*failed" <<<"$output")" -eq 1 ] || fail "not told once: $name/$new for $kernel"
    done
    told "$name/$old serves there"
    ends_with 11 dkms reconcile
    told '1 module could not be installed'
    serves "$name" "$old" "$greeting" "$@"
}

# repository RPM...: a dnf repository of these at /srv/repo, and the only one.
repository() {
    rm -rf /srv/repo /var/cache/dnf
    mkdir -p /srv/repo /etc/yum.repos.d
    cp "$@" /srv/repo/
    createrepo_c --quiet /srv/repo
    rm -f /etc/yum.repos.d/*
    printf '[local]\nname=local\nbaseurl=file:///srv/repo\nenabled=1\ngpgcheck=0\n' >/etc/yum.repos.d/local.repo
}
dnf() { command dnf -y -q --setopt=install_weak_deps=False --setopt=installonly_limit=0 --setopt=metadata_expire=0 "$@"; }

# original_fails STORY: the shell original does not bring STORY to its end; what it left is shown, and $output kept.
original_fails() {
    step "the shell original: $*"
    if output=$(set +eE; trap - ERR; (set -eE; "$@") 2>&1); then
        printf '%s\n' "$output"
        fail "the original does it, too: $*"
    fi
    printf '%s\n' "$output"
}

# stories SEED COUNT OPERATION...: lives COUNT stories of four operations, chosen at random; of every second one the dkms that
# it calls is killed at some moment. Each story ends with one look at the disk, and must be settled then.
stories() {
    local seed=$1 count=$2 story operation
    local -a operations=("${@:3}")
    RANDOM=$seed
    for story in $(seq "$count"); do
        step "story $story of seed $seed"
        for _ in 1 2 3 4; do
            operation=${operations[RANDOM % ${#operations[@]}]}
            if ((RANDOM % 2)); then disturbed "$operation" $((RANDOM % 3000)); else undisturbed "$operation"; fi
        done
        ends_with 0 dkms reconcile
        settled
        packages_are_gone_wholly
    done
}

# What was killed is done again, as whoever sees the message would.
disturbed() {
    printf '$ %s    killed after %s ms\n' "$1" "$2"
    (sleep "$(awk -v ms="$2" 'BEGIN {print ms / 1000}')"; pkill -9 -x 'event|dkms' || :) &
    bash -c "$1" || undisturbed "$1"
    wait
    # What a killed one has started ends by itself; as a zombie it may stay, where nobody asks after it.
    timeout 60 bash -c 'while pgrep -r DRS -x "make|cc1|gcc|ld" >/dev/null; do sleep 0.2; done' || fail "still running: $(ps -eo pid,ppid,stat,etimes,args)"
}
undisturbed() {
    printf '$ %s\n' "$1"
    bash -c "$1" || :
}

packages_are_gone_wholly() {
    local name conf
    for name in blink wink; do
        conf=$(echo /usr/src/$name-*/dkms.conf)
        [ -n "$conf" ] || gone $name
    done
}
