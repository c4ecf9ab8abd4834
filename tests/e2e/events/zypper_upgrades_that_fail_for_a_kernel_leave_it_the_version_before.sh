# root: zypper
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
sed -i 's/^ID=.*/ID=opensuse-leap/; s/^VERSION_ID=.*/VERSION_ID=15.6/' /etc/os-release
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
read -r first second _ < <(kernels | xargs)
source_rpm blink 1.0 1 one && FAILS_ON=$first source_rpm blink 2.0 1 two && source_rpm wink 3.1 1 hey && source_rpm blink 2.0 2 three
# offered RPM...: a repository of these, the only one.
offered() {
    rm -rf /srv/repo /var/cache/zypp /etc/zypp/repos.d
    mkdir -p /srv/repo /etc/zypp/repos.d
    cp "$@" /srv/repo/
    createrepo_c --quiet /srv/repo
    printf '[local]\nname=local\nbaseurl=dir:///srv/repo\nenabled=1\ngpgcheck=0\ntype=rpm-md\n' >/etc/zypp/repos.d/local.repo
}
zypper() { command zypper -n --no-gpg-checks "$@"; }

for single in '' 1; do
    step "each package an rpm call of its own, or all in one: '$single'"
    [ -z "$single" ] || export ZYPP_SINGLE_RPMTRANS=1
    offered blink-dkms-1.0-1.rpm
    zypper in blink-dkms
    installed blink 1.0
    offered blink-dkms-2.0-1.rpm wink-dkms-3.1-1.rpm
    zypper in blink-dkms-2.0 wink-dkms
    installed blink 2.0 "$second" && installed wink 3.1
    [ -n "$single" ] || failed_and_serves blink 2.0 1.0 one "$first"
    serves blink 1.0 one "$first"
    offered blink-dkms-2.0-2.rpm wink-dkms-3.1-1.rpm
    zypper up
    only blink 2.0 three && settled
    zypper rm blink-dkms wink-dkms
    gone blink && gone wink && settled
done
