# shellcheck shell=bash
# lab.sh: throw-away Debian roots, for scenarios, demo and bench. To be sourced; needs root.
#
# One base root (compiler, headers of two kernel flavours, rpm) and one repository with every package that a scenario
# installs are made once, below target/lab, from the package source that this machine's apt uses. A run then happens in
# an overlay over them, in its own mount, process and network namespaces, and leaves nothing behind.

LAB_TOP=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
LAB=${LAB:-$LAB_TOP/target/lab}
LAB_PACKAGES=(gcc make patch kmod xz-utils zstd bzip2 openssl cpio file procps strace rpm lsb-release dpkg-dev)
LAB_HEADERS=(linux-headers-cloud-amd64 linux-headers-amd64)
LAB_MODULES=(acpi-call-dkms v4l2loopback-dkms bbswitch-dkms dm-writeboost-dkms digimend-dkms)
LAB_KERNELS=(linux-headers-rt-amd64 linux-image-cloud-amd64)

lab_say() { printf '%s\n' "$*" >&2; }

# lab_run [-u UPPER] [-n] [-b SRC=DST]... [-l LAYER]... -- CMD...
# Runs CMD as root in a copy of the base root that vanishes afterwards.
#   -u UPPER    keep the changes in UPPER, to serve as a LAYER later
#   -n          with the network of the host (default: none)
#   -b SRC=DST  show SRC at DST, read-only
#   -l LAYER    put what an earlier -u kept over the base root
lab_run() {
    local option upper='' lower=$LAB/base network=-n binds='' OPTIND=1
    while getopts u:nb:l: option; do
        case $option in
            u) upper=$(realpath -m "$OPTARG") ;;
            n) network= ;;
            b) binds+=$OPTARG$'\n' ;;
            l) lower=$(realpath "$OPTARG")/changes:$lower ;;
            *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    [ "${1-}" != -- ] || shift
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

# lab_make: makes what is missing of base root, repository and the layer with the shell DKMS.
lab_make() {
    local recipe
    recipe=$(declare -f lab_base lab_settings lab_fill lab_repository lab_shell | sha256sum)
    recipe+=" ${LAB_PACKAGES[*]} ${LAB_HEADERS[*]} ${LAB_MODULES[*]} ${LAB_KERNELS[*]}"
    mkdir -p "$LAB/repo"
    exec {LAB_LOCK}>"$LAB/lock"
    flock "$LAB_LOCK"
    if [ "$(cat "$LAB/recipe" 2>/dev/null)" != "$recipe" ]; then
        lab_say "making the Debian roots in ${LAB#"$LAB_TOP/"} (once, a few minutes)"
        rm -rf "$LAB/base" "$LAB/shell" "$LAB/recipe"
        lab_base >"$LAB/make.log" 2>&1 || { tail -n 25 "$LAB/make.log" >&2; return 1; }
        printf '%s' "$recipe" >"$LAB/recipe"
    fi
    exec {LAB_LOCK}>&-
}

lab_base() {
    local suite mirror
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(lab_mirror "$suite")
    [ -n "$mirror" ] || { apt-get -q update && mirror=$(lab_mirror "$suite"); }
    [ -n "$mirror" ] || { echo "apt of this machine knows no Debian source for $suite"; return 1; }
    debootstrap --variant=minbase --cache-dir="$LAB/repo" "$suite" "$LAB/base" "$mirror" || return 1
    lab_settings "$LAB/base"
    echo "deb $mirror $suite main" >"$LAB/base/etc/apt/sources.list"
    # In place, not in an overlay: this is the base itself.
    unshare --mount --propagation private bash -euxc "$(declare -f lab_fill); lab_fill \"\$@\"" lab \
        "$LAB/base" "$LAB/repo" "${LAB_PACKAGES[*]} ${LAB_HEADERS[*]}" "dkms ${LAB_MODULES[*]}" "${LAB_KERNELS[*]}" || return 1
    lab_repository || return 1
    lab_shell
}

lab_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' "Codename: $1" | head -n 1
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

# The packages that came so far as a repository; the base root's only source from now on.
lab_repository() {
    (cd "$LAB/repo" && rm -rf lock partial && apt-ftparchive packages . >Packages) || return 1
    echo 'deb [trusted=yes] file:/repo ./' >"$LAB/base/etc/apt/sources.list"
    rm -rf "$LAB/update"
    lab_run -u "$LAB/update" -b "$LAB/repo=/repo" -- apt-get -q update || return 1
    cp -a "$LAB/update/changes/var/lib/apt/." "$LAB/base/var/lib/apt/"
    rm -rf "$LAB/update"
}

lab_shell() {
    lab_run -u "$LAB/shell" -b "$LAB/repo=/repo" -- apt-get -q -y install dkms
}
