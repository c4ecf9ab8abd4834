# shellcheck shell=bash
# lab.sh: throw-away Debian roots, for scenarios, demo and bench. To be sourced; needs root.
#
# What lies below target/lab is made once, from the package sources that this machine's apt uses:
#   roots/SUITE/tree    a Debian root: compiler, headers of two kernel flavours, rpm
#   roots/SUITE/repo    a repository with every package that a scenario installs in it
#   layers/NAME         further packages over the root of this machine's suite (see LAB_LAYERS), or another's (LAB_OVER)
# A run then happens in an overlay over them, in its own mount, process and network namespaces, and leaves nothing behind.

LAB_TOP=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
LAB=${LAB:-$LAB_TOP/target/lab}
LAB_SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")
LAB_PACKAGES=(gcc make patch kmod xz-utils zstd bzip2 openssl cpio file procps strace rpm lsb-release dpkg-dev)
LAB_HEADERS=(linux-headers-cloud-amd64 linux-headers-amd64)
LAB_MODULES=(acpi-call-dkms v4l2loopback-dkms bbswitch-dkms dm-writeboost-dkms digimend-dkms)
LAB_KERNELS=(linux-headers-rt-amd64 linux-image-cloud-amd64)

# Layers over the root, each the packages that it adds.
declare -A LAB_LAYERS=(
    [shell]='dkms'
    [kernel612]='linux-headers-6.12-cloud-amd64 linux-headers-6.12-amd64'
    [dnf]='dnf createrepo-c systemd'
    [zypper]='zypper createrepo-c'
    [pacman]='pacman-package-manager libarchive-tools makepkg fakeroot'
    [clang]='clang lld llvm'
    [token]='softhsm2 libengine-pkcs11-openssl opensc'
    [selinux]='selinux-policy-default policycoreutils selinux-utils e2fsprogs attr'
    [boot]='qemu-system-x86 ovmf busybox-static'
    [booted]='qemu-system-x86 busybox-static e2fsprogs systemd-sysv libpam-systemd udev dbus'
    [secureboot]='qemu-system-x86 ovmf busybox-static shim-signed grub-efi-amd64-signed'
    [initramfs]='initramfs-tools dracut-core'
    [cross]='gcc-12-aarch64-linux-gnu binutils-aarch64-linux-gnu'
    [dhdkms]='dh-dkms debhelper build-essential lintian'
    [shells]='zsh fish'
    [units]='systemd cloud-init ifupdown network-manager'
    [sysext]='systemd squashfs-tools'
    [linters]='lintian rpmlint'
    [nix]='nix-bin'
    [openrc]='openrc'
    [unattended]='unattended-upgrades'
    [parallel]='parallel openssh-server openssh-client iproute2'
    [slurm]='slurm-wlm munge iproute2'
    [browser]='chromium'
    [dnfcore]='dnf dnf-plugins-core createrepo-c systemd'
)
# Layers over another suite's root: the suite, then the packages.
declare -A LAB_OVER=(
    [dnf5]='sid dnf5 createrepo-c'
    [uki]='trixie systemd systemd-ukify systemd-boot-efi dracut-core zstd cpio qemu-system-x86 ovmf'
)

lab_say() { printf '%s\n' "$*" >&2; }

# lab_run [-s SUITE] [-u UPPER] [-n] [-b SRC=DST]... [-l LAYER]... -- CMD...
# Runs CMD as root in a copy of a root that vanishes afterwards.
#   -s SUITE    the root of that Debian release, with its repository at /repo (default: this machine's; before -l)
#   -u UPPER    keep the changes in UPPER, to serve as a LAYER later
#   -n          with the network of the host (default: none)
#   -b SRC=DST  show SRC at DST, read-only
#   -l LAYER    put what an earlier -u kept over the root; a name without a slash is one of LAB_LAYERS
lab_run() {
    local option upper='' root=$LAB/roots/$LAB_SUITE lower network=-n binds='' OPTIND=1
    lower=$root/tree
    while getopts s:u:nb:l: option; do
        case $option in
            s) root=$LAB/roots/$OPTARG lower=$root/tree ;;
            u) upper=$(realpath -m "$OPTARG") ;;
            n) network= ;;
            b) binds+=$OPTARG$'\n' ;;
            l)
                [[ $OPTARG == */* ]] || OPTARG=$LAB/layers/$OPTARG
                lower=$(realpath "$OPTARG")/changes:$lower
                ;;
            *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    [ "${1-}" != -- ] || shift
    [ ! -d "$root/repo" ] || binds+=$root/repo=/repo$'\n'
    local work rc=0
    work=$(mktemp -d)
    LAB_WORK=$work LAB_LOWER=$lower LAB_UPPER=$upper LAB_BINDS=$binds \
        unshare --mount --pid --uts --ipc ${network:+"$network"} --fork --kill-child --propagation private \
        bash -euc "$(declare -f lab_enter lab_devices); lab_enter \"\$@\"" lab "$@" || rc=$?
    rmdir "$work"
    return "$rc"
}

# Inside the new namespaces: mounts the root, moves into it, runs the command.
lab_enter() {
    local keep=${LAB_UPPER:-$LAB_WORK/kept} root=$LAB_WORK/root bind
    mount -t tmpfs -o size=6g,mode=755 lab "$LAB_WORK"
    mkdir -p "$keep/changes" "$keep/work" "$root"
    mount -t overlay -o "lowerdir=$LAB_LOWER,upperdir=$keep/changes,workdir=$keep/work" lab "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    mount -t tmpfs -o mode=755 run "$root/run"
    mkdir "$root/run/lock"
    lab_devices "$root/dev"
    while IFS= read -r bind; do
        [ -n "$bind" ] || continue
        mkdir -p "$root${bind#*=}"
        mount --bind "${bind%%=*}" "$root${bind#*=}"
        mount -o remount,bind,ro "$root${bind#*=}"
    done <<<"$LAB_BINDS"
    hostname lab
    cd "$root"
    mkdir -p .outside
    pivot_root . .outside
    # Only what a login would set: a scenario must not depend on the caller's environment.
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive TERM=dumb \
        chroot . /bin/sh -c 'umount -l /.outside; rmdir /.outside 2>/dev/null; exec "$@"' sh "$@"
}

lab_devices() {
    local dev=$1 node
    mount -t tmpfs -o mode=755 dev "$dev"
    for node in null zero full random urandom tty; do
        : >"$dev/$node"
        mount --bind "/dev/$node" "$dev/$node"
    done
    mkdir "$dev/shm" "$dev/pts"
    mount -t tmpfs shm "$dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dev/pts"
    ln -s pts/ptmx "$dev/ptmx"
    ln -s /proc/self/fd "$dev/fd"
    ln -s fd/0 "$dev/stdin"
    ln -s fd/1 "$dev/stdout"
    ln -s fd/2 "$dev/stderr"
}

# lab_make [NAME...]: makes what is missing of this machine's root, of other suites and of layers.
lab_make() {
    local name
    mkdir -p "$LAB/roots" "$LAB/layers"
    exec {LAB_LOCK}>"$LAB/roots/.lock"
    flock "$LAB_LOCK"
    lab_once "$LAB/roots/$LAB_SUITE" "$(declare -f lab_root lab_settings lab_fill lab_repository)
        ${LAB_PACKAGES[*]} ${LAB_HEADERS[*]} ${LAB_MODULES[*]} ${LAB_KERNELS[*]}" lab_root "$LAB_SUITE" || return 1
    for name in shell "$@"; do
        if [ -n "${LAB_LAYERS[$name]-}" ]; then
            lab_once "$LAB/layers/$name" "$(declare -f lab_layer lab_fill_layer) ${LAB_LAYERS[$name]} $(cat "$LAB/roots/$LAB_SUITE/recipe")" \
                lab_layer "$name" || return 1
            [ "$name" != cross ] || lab_once "$LAB/layers/cross/changes/foreign" "$(declare -f lab_foreign)" lab_foreign || return 1
        elif [ -n "${LAB_OVER[$name]-}" ]; then
            lab_make_suite "${LAB_OVER[$name]%% *}" || return 1
            lab_once "$LAB/layers/$name" "$(declare -f lab_layer_over lab_fill_layer) ${LAB_OVER[$name]} $(cat "$LAB/roots/${LAB_OVER[$name]%% *}/recipe")" \
                lab_layer_over "$name" || return 1
        elif [ "$name" != "$LAB_SUITE" ]; then
            lab_make_suite "$name" || return 1
        fi
    done
    exec {LAB_LOCK}>&-
}

# lab_make_suite SUITE
lab_make_suite() {
    lab_once "$LAB/roots/$1" "$(declare -f lab_root lab_settings lab_fill lab_repository)
                ${LAB_PACKAGES[*]} ${LAB_HEADERS[*]} ${LAB_MODULES[*]} ${LAB_KERNELS[*]}" lab_root "$1"
}

# lab_once FOLDER RECIPE CMD...: runs CMD unless FOLDER was made by the same recipe.
lab_once() {
    local folder=$1 recipe
    recipe=$(sha256sum <<<"$2")
    shift 2
    [ "$(cat "$folder/recipe" 2>/dev/null)" != "$recipe" ] || return 0
    lab_say "making ${folder#"$LAB_TOP/"} (once, a minute or two)"
    rm -rf "$folder"
    mkdir -p "$folder"
    "$@" >"$folder/make.log" 2>&1 || { tail -n 25 "$folder/make.log" >&2; return 1; }
    printf '%s\n' "$recipe" >"$folder/recipe"
}

# lab_root SUITE
lab_root() {
    local suite=$1 top=$LAB/roots/$1 mirror
    mirror=$(lab_mirror)
    [ -n "$mirror" ] || { apt-get -q update && mirror=$(lab_mirror); }
    [ -n "$mirror" ] || { echo "apt of this machine knows no Debian source for $LAB_SUITE"; return 1; }
    mkdir -p "$top/repo"
    debootstrap --variant=minbase --cache-dir="$top/repo" "$suite" "$top/tree" "$mirror" || return 1
    lab_settings "$top/tree"
    echo "deb $mirror $suite main" >"$top/tree/etc/apt/sources.list"
    # In place, not in an overlay: this is the root itself.
    unshare --mount --propagation private bash -euxc "$(declare -f lab_fill); lab_fill \"\$@\"" lab \
        "$top/tree" "$top/repo" "${LAB_PACKAGES[*]} ${LAB_HEADERS[*]}" "dkms ${LAB_MODULES[*]}" "${LAB_KERNELS[*]}" || return 1
    lab_repository "$suite"
}

# lab_layer NAME: its packages, from all Debian sources of this machine.
lab_layer() {
    local list=$LAB/layers/$1.list
    apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' | grep -F "$LAB_SUITE" |
        sort -u >"$list"
    # shellcheck disable=SC2086 # words
    lab_fill_layer "$LAB_SUITE" "$1" ${LAB_LAYERS[$1]}
}

# lab_foreign: headers of a kernel for another kind of machine, as packages in /foreign of the layer `cross`.
lab_foreign() {
    local apt headers
    apt=$(mktemp -d)
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    # Of the release that the root's linux-kbuild is of.
    echo "deb $(lab_mirror) $LAB_SUITE main" >"$apt/list"
    set -- -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt" -o Dir::State::Status=/dev/null -o Dir::Etc::SourceParts=- \
        -o Dir::Etc::SourceList="$apt/list" -o APT::Architecture=arm64 -o APT::Architectures=arm64
    apt-get -q "$@" update
    headers=$(apt-cache "$@" depends linux-headers-cloud-arm64 | sed -n 's/^ *Depends: \(linux-headers-[0-9].*\)/\1/p')
    (cd "$LAB/layers/cross/changes/foreign" && apt-get -q "$@" download "$headers" "${headers%%-cloud-arm64}-common")
    rm -rf "$apt"
}

# lab_layer_over NAME: its packages, from the suite that it lies over.
lab_layer_over() {
    local suite packages
    read -r suite packages <<<"${LAB_OVER[$1]}"
    echo "deb $(lab_mirror) $suite main" >"$LAB/layers/$1.list"
    # shellcheck disable=SC2086 # words
    lab_fill_layer "$suite" "$1" $packages
}

# lab_fill_layer SUITE NAME PACKAGE...: into the layer NAME over the root of SUITE, from what layers/NAME.list names.
lab_fill_layer() {
    # shellcheck disable=SC2016 # expanded inside
    lab_run -s "$1" -u "$LAB/layers/$2" -n -b "$LAB/layers=/layers" -- bash -euxc '
        from="-o Dir::Etc::SourceList=/layers/$0.list -o Dir::Etc::SourceParts=-"
        cp -a /var/lib/apt/lists /tmp/lists
        apt-get -q $from update
        apt-get -q -y $from install "$@"
        apt-get clean
        rm -rf /var/lib/apt/lists
        cp -a /tmp/lists /var/lib/apt/lists' "${@:2}"
}

lab_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' "Codename: $LAB_SUITE" | head -n 1
}

# Settings of a root for quick, silent runs without a network.
lab_settings() {
    local root=$1
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    echo '127.0.0.1 localhost lab' >"$root/etc/hosts"
    apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/90acquire" || :
    cat >"$root/etc/apt/apt.conf.d/90lab" <<'END'
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dpkg::Use-Pty "false";
END
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"
    printf 'path-exclude=/usr/share/%s/*\n' doc man locale >>"$root/etc/dpkg/dpkg.cfg.d/lab"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    mkdir -p "$root/etc/rpm"
    echo '%_dbpath /var/lib/rpm' >"$root/etc/rpm/macros"
}

# lab_fill ROOT REPO PACKAGES FETCH FETCH: installs PACKAGES, fetches the rest into REPO.
lab_fill() {
    local root=$1 words
    mount --bind "$2" "$root/var/cache/apt/archives"
    mount -t proc proc "$root/proc"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$root" apt-get -q update
    read -ra words <<<"$3"
    chroot "$root" apt-get -q -y install "${words[@]}"
    shift 3
    for set; do
        read -ra words <<<"$set"
        chroot "$root" apt-get -q -y --download-only install "${words[@]}"
    done
    rm -rf "$root"/var/lib/apt/lists/*
    # An initramfs takes longer than all the rest, and no scenario looks into one: who asks for it is logged.
    chroot "$root" dpkg-divert --local --no-rename --add /usr/sbin/update-initramfs
    printf '#!/bin/sh\necho "update-initramfs $*" >>/var/log/initramfs\n' >"$root/usr/sbin/update-initramfs"
    chmod 755 "$root/usr/sbin/update-initramfs"
    chroot "$root" rpm --initdb
}

# lab_repository SUITE: the packages that came so far as a repository; the root's only source from now on.
lab_repository() {
    local top=$LAB/roots/$1
    (cd "$top/repo" && rm -rf lock partial && apt-ftparchive packages . >Packages) || return 1
    echo 'deb [trusted=yes] file:/repo ./' >"$top/tree/etc/apt/sources.list"
    lab_run -s "$1" -u "$top/update" -- apt-get -q update || return 1
    cp -a "$top/update/changes/var/lib/apt/." "$top/tree/var/lib/apt/"
    rm -rf "$top/update"
}
