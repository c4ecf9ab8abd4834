# shellcheck shell=bash
# without_autoinstall.sh: the life of a package whose dkms.conf says nothing of AUTOINSTALL, as those of 2003 do not. Whoever
# installs it wants the driver, under any DKMS. Sourced after inside.sh.

# quiet_tarball NAME VERSION GREETING: as tarball, without AUTOINSTALL.
quiet_tarball() {
    module_source "$@"
    sed -i '/^AUTOINSTALL/d' "$1-$2/dkms.conf"
    tar czf "$1-$2.tar.gz" "$1-$2"
    rm -rf "${1:?}-$2"
}

# quiet_packages DKMS VERB: first, second and third, of 1.0, 1.0 again and 2.0.
quiet_packages() {
    local dkms=$1 verb=$2
    quiet_tarball blink 1.0 one && "$dkms" "$verb" blink-1.0.tar.gz --output "first.${verb#mk}" 2>told
    grep -q '/etc/dkms/blink-1.0.conf says it for every kernel' told || fail "not told: $(cat told)"
    quiet_tarball blink 1.0 two && "$dkms" "$verb" blink-1.0.tar.gz --release 2 --output "second.${verb#mk}"
    quiet_tarball blink 2.0 three && "$dkms" "$verb" blink-2.0.tar.gz --output "third.${verb#mk}"
}

# there VERSION GREETING: built and installed for every kernel with headers, and nothing else of blink.
there() {
    installed blink "$1"
    says blink "$2"
}

# life_of_deb: install, upgrade to another release and version, go back, remove; the driver is there all the time.
life_of_deb() {
    step 'install'
    apt_install ./first.deb
    there 1.0 one

    step 'upgrades, and back'
    apt_install ./second.deb
    there 1.0 two
    apt_install ./third.deb
    there 2.0 three
    [ ! -e /etc/dkms/blink-1.0.conf ] || fail 'the record of the version that has gone remains'
    apt_install --allow-downgrades ./first.deb
    there 1.0 one
    [ -e /etc/dkms/blink-1.0.conf ] || fail 'the record of the package did not come back'

    step 'remove'
    apt_remove blink-dkms
    gone blink
}

# life_of_rpm: the same.
life_of_rpm() {
    step 'install'
    rpm -i first.rpm
    there 1.0 one

    step 'upgrades, and back'
    rpm -U second.rpm
    there 1.0 two
    rpm -U third.rpm
    there 2.0 three
    rpm -U --oldpackage first.rpm
    there 1.0 one

    step 'erase'
    rpm -e blink-dkms
    gone blink
    [ ! -e /etc/dkms/blink-1.0.conf ] || fail 'the record of the package remains'
}
