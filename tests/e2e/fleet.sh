# shellcheck shell=bash
# fleet.sh: a machine that builds modules for hosts; sourced by scenarios of fleet/ after inside.sh.

# What is built: three sources, of which one does not compile for cloud kernels, for three kernels.
builder() {
    install_ours
    tarball blink 1.0
    tarball wink 1.0
    FAILS_ON=cloud tarball fussy 1.0
    # Headers come from the repository, and none are here. What their tools need besides stays.
    apt-get -q -y purge 'linux-headers-*' >/dev/null
    [ -z "$(kernels)" ] || fail 'headers are still here'
}

matrix() {
    dkms mkmatrix ./blink-1.0.tar.gz ./wink-1.0.tar.gz ./fussy-1.0.tar.gz --kernels '6.1.0-*' --store /srv/store \
        --maintainer 'A Vendor <vendor@example.org>' --sign-key /e2e/keys/vendor.asc -o fleet "$@"
}

cells() { find /srv/store/cells -mindepth 2 -maxdepth 2 -name cell.json | wc -l; }

# Everything is in the store: the same command makes packages of it and builds nothing.
collected() {
    [ "$(cells)" -eq 9 ] || fail "$(cells) cells are in the store, not 9"
    ends_with 2 matrix
    ! grep '^building' <<<"$output" || fail 'something was built'
    told '^blink/1.0 .*= *= *=$'
    told '^fussy/1.0 .*= *F *=$'
    [ "$(find fleet -name '*-modules-6*.deb' | wc -l)" -eq 8 ] || fail 'not a package for each cell that builds'
    [ -z "$(find /srv/store -name '.staged-*')" ] || fail 'something is left aside in the store'
}

# loopback: the only network that hosts on this machine need.
loopback() {
    # SIOCSIFFLAGS of netdevice(7), where there is no ip(8).
    ip link set lo up 2>/dev/null || perl -e 'socket(my $s, 2, 2, 0) or die; my $up = pack("a16s", "lo", 0x41); ioctl($s, 0x8914, $up) or die "$!"'
}

# until_true CMD...: waits for it, a minute at most.
until_true() {
    local try
    for try in {1..300}; do
        ! "$@" || return 0
        sleep 0.2
    done
    fail "in vain waited for: $* ($try times)"
}

# serve FOLDER PORT: a web server on the loopback.
serve() {
    python3 -m http.server -b 127.0.0.1 -d "$1" "$2" >/dev/null 2>&1 &
    until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null
}

# devel_rpm KVER: kernel-devel as Enterprise Linux has it: for one architecture, and with all
# that its headers need. After transactions.sh.
devel_rpm() {
    headers_like "$1" "$PWD/devel/$1"
    cat >"devel/$1.spec" <<END
Name: kernel-devel
Version: ${1%%-*}
Release: $(sed 's/^[^-]*-//; s/\.x86_64$//' <<<"$1")
Summary: Its headers
License: GPL-2.0-only
AutoReqProv: no
%global __os_install_post %{nil}
%global debug_package %{nil}
%define _build_id_links none
%description
Its headers.
%install
mkdir -p %{buildroot}/usr/src/kernels %{buildroot}/usr/lib
cp -a $PWD/devel/$1 %{buildroot}/usr/src/kernels/$1
cp -a /usr/src/linux-headers-*-common %{buildroot}/usr/src/
cp -a /usr/lib/linux-kbuild-* %{buildroot}/usr/lib/
%files
/usr/src/*
/usr/lib/linux-kbuild-*
END
    rpmbuild_here "devel/$1.spec"
}
