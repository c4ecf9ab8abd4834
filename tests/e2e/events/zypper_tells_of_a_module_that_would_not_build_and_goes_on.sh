# root: zypper
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
sed -i 's/^ID=.*/ID=opensuse-leap/; s/^VERSION_ID=.*/VERSION_ID=15.6/' /etc/os-release
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
new=6.1.99-100.fc39.x86_64
KERNEL_INSTALL=no kernel_rpms $new
source_rpm wink 1.0 1 hey && FAILS_ON=fc39 source_rpm blink 1.0 1 one
offered() {
    rm -rf /srv/repo /var/cache/zypp /etc/zypp/repos.d
    mkdir -p /srv/repo /etc/zypp/repos.d
    cp "$@" /srv/repo/
    createrepo_c --quiet /srv/repo
    printf '[local]\nname=local\nbaseurl=dir:///srv/repo\nenabled=1\ngpgcheck=0\ntype=rpm-md\n' >/etc/zypp/repos.d/local.repo
}
zypper() { command zypper -n --no-gpg-checks "$@"; }
offered wink-dkms-1.0-1.rpm blink-dkms-1.0-1.rpm
zypper in wink-dkms blink-dkms
installed wink 1.0 && installed blink 1.0

step 'told, whatever the settings are, and zypper goes on'
mkdir -p /etc/dkms/framework.conf.d && echo 'preflight="strict"' >/etc/dkms/framework.conf.d/preflight.conf
# Named as packages of repositories are.
for part in core devel; do cp kernel-$part-$new.rpm kernel-$part-$new.noarch.rpm; done
offered kernel-core-$new.noarch.rpm kernel-devel-$new.noarch.rpm
zypper in kernel-core kernel-devel 2>&1 | tee /tmp/said || :
grep -q "blink/1.0 would not build for kernel $new" /tmp/said /var/log/zypper.log /var/log/zypp/* 2>/dev/null || fail 'not told'
rpm -q kernel-devel || fail 'zypper was stopped'
installed wink 1.0 "$new"
