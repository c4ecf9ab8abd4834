# when: nightly
# root: dnf
# What README and dkms(8), MIGRATION, say to type. The shell DKMS is a stand-in with the files and scriptlets that matter here.
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm
sed -i 's/^ID=.*/ID=fedora/' /etc/os-release
dnf() { command dnf -y --releasever=1 "$@"; }

step 'a distribution with a dkms'
mkdir -p build repo
cat >build/dkms.spec <<'END'
Name: dkms
Version: 3.2.2
Release: 1
Summary: As the shell original is packaged
License: GPL-2.0-or-later
BuildArch: noarch
%description
As the shell original is packaged.
%install
mkdir -p %{buildroot}/usr/sbin %{buildroot}/etc/dkms %{buildroot}/var/lib/dkms %{buildroot}/usr/lib/systemd/system
printf '#!/bin/sh\necho the shell original\n' >%{buildroot}/usr/sbin/dkms
echo '# settings' >%{buildroot}/etc/dkms/framework.conf
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >%{buildroot}/usr/lib/systemd/system/dkms.service
%files
%attr(755,root,root) /usr/sbin/dkms
%config(noreplace) /etc/dkms/framework.conf
%dir /var/lib/dkms
/usr/lib/systemd/system/dkms.service
END
rpmbuild_here build/dkms.spec
mv dkms-3.2.2-1.rpm repo/
createrepo_c -q repo
mkdir -p /etc/yum.repos.d
printf '[repo]\nname=repo\nbaseurl=file://%s/repo\ngpgcheck=0\n' "$PWD" >/etc/yum.repos.d/repo.repo
dnf install dkms
dkms | grep 'the shell original'

step 'ours is installed as README has it, and takes its place'
mkdir -p target/packages
cp /packages/dkms-rs.rpm "target/packages/dkms-rs.$(uname -m).rpm"
dnf install ./target/packages/dkms-rs.*.rpm
rpm -q dkms && fail 'the shell original is still there'
dkms -V | grep dkms-rs
tarball blink 1.0 one && dkms mkrpm blink-1.0.tar.gz --output blink.rpm
dnf install ./blink.rpm
only blink 1.0 one
before=$(find /lib/modules -name 'blink.ko*' -exec sha256sum {} +)
[ -n "$before" ] || fail 'nothing is installed'
tree=$(dkms status)

step 'an upgrade of everything does not bring the other one back'
dnf upgrade
rpm -q dkms-rs

step 'back, as README has it'
dnf swap dkms-rs dkms
rpm -q dkms-rs && fail 'ours is still there'
dkms | grep 'the shell original'
[ "$(find /lib/modules -name 'blink.ko*' -exec sha256sum {} +)" = "$before" ] || fail 'a module has changed'
[ -e /var/lib/dkms/blink/1.0/source ] || fail 'the tree has changed'

step 'and once more to ours'
dnf install ./target/packages/dkms-rs.*.rpm
[ "$(dkms status)" = "$tree" ] || fail "it was $tree, and is $(dkms status)"
[ "$(find /lib/modules -name 'blink.ko*' -exec sha256sum {} +)" = "$before" ] || fail 'a module was built again'
rpm -V dkms-rs
