# root: dnf
. /e2e/inside.sh
. /e2e/transactions.sh
# Its scriptlets run after our %post and disable a unit of the same name.
rpm -U /packages/distribution.rpm
mkdir -p build
cat >build/dkms.spec <<'END2'
Name: dkms
Version: 3.0.10
Release: 1
Summary: As the shell original is packaged
License: GPL-2.0-or-later
BuildArch: noarch
%description
As the shell original is packaged.
%install
mkdir -p %{buildroot}/usr/lib/systemd/system
printf '[Unit]\nDescription=x\n[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >%{buildroot}/usr/lib/systemd/system/dkms.service
%post
[ $1 -ne 1 ] || systemctl --no-reload preset dkms.service || :
%preun
[ $1 -ne 0 ] || systemctl --no-reload disable --now dkms.service || :
%postun
exit 0
%files
/usr/lib/systemd/system/dkms.service
END2
rpmbuild_here build/dkms.spec
enabled() { [ "$(systemctl is-enabled dkms.service)" = enabled ] || fail 'the unit is not enabled'; }

rpm -i dkms-3.0.10-1.rpm
enabled
source_rpm blink 1.0 1 one
step 'ours takes its place, with a module in the same transaction'
ends_with 0 rpm -U /packages/dkms-rs.rpm blink-dkms-1.0-1.rpm
! rpm -q dkms || fail 'it is still there'
enabled
only blink 1.0 one && settled

step 'ours goes'
rpm -e blink-dkms dkms-rs
[ ! -e /etc/systemd/system/multi-user.target.wants/dkms.service ] || fail 'a link to a unit that is not there'
