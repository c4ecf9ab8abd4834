# shellcheck shell=bash
# inside.sh builder PACKAGE... | client MODULE...: what tests/fleet/run does inside of its roots.
. /tests/e2e/inside.sh

builder() {
    step 'a builder without headers'
    install_ours
    apt-get -q -y purge 'linux-headers-*' >/dev/null
    [ -z "$(kernels)" ] || fail 'headers are here'
    matrix() {
        dkms mkmatrix "$@" --kernels '6.1.0-*:2' --from /fleet/debian.list --sign-key /fleet/vendor.asc \
            --maintainer 'A Vendor <vendor@example.org>' --output /srv/repository
    }
    step "${#} modules for six kernels"
    code=0
    time matrix "$@" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 2 ] || fail "exit $code"
    [ "$(grep -o '"key"' /srv/repository/matrix.json | wc -l)" -eq $((6 * $#)) ] || fail 'not six cells for each module'
    step 'and again: nothing is built'
    again=0
    time matrix "$@" >again.log 2>&1 || again=$?
    cat again.log
    [ "$again" -eq "$code" ] || fail "exit $again"
    ! grep '^building' again.log || fail 'something was built'
}

client() {
    local module kernel
    step 'a host without a compiler'
    without_compilers
    cp /fleet/debian.list /etc/apt/sources.list
    install -D -m 644 /fleet/repository/repository-key.asc /etc/apt/keyrings/fleet.asc
    echo 'deb [signed-by=/etc/apt/keyrings/fleet.asc] file:/fleet/repository ./' >/etc/apt/sources.list.d/fleet.list
    apt-get -q update -o APT::Update::Error-Mode=any
    apt_install "${@/%/-modules-cloud-amd64}"
    kernel=$(basename "$(echo /lib/modules/*-cloud-amd64)")
    for module; do
        dpkg -s "$module-modules-$kernel" | grep -q 'install ok installed' || fail "$module is not there"
        dpkg -L "$module-modules-$kernel" | grep '\.ko' | while read -r file; do
            modinfo -F vermagic "$file" | grep "^$kernel " || fail "$file is for another kernel"
        done
    done
}

"$@"
