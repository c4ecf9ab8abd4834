# shellcheck shell=bash
# root: shell
# Packages of a source of some size: half of the headers that all flavours share.
source_of m1
cp -a /usr/src/linux-headers-*-common/include /root/tree
cp /usr/src/m1-1.0/* /root/tree/
mkdir -p /root/deb/DEBIAN /root/deb/usr/src
cp -a /root/tree /root/deb/usr/src/m1-1.0
printf 'Package: m1-dkms\nVersion: 1.0-1\nArchitecture: all\nMaintainer: A B <a@example.org>\nDescription: x\n' >/root/deb/DEBIAN/control
cat >/root/m1.spec <<'SPEC'
Name: m1-dkms
Version: 1.0
Release: 1
Summary: x
License: GPL
BuildArch: noarch
AutoReqProv: no
%global _binary_payload w3.zstdio
%global __os_install_post %{nil}
%description
%install
mkdir -p %{buildroot}/usr/src
cp -a /root/tree %{buildroot}/usr/src/m1-1.0
%files
/usr/src/m1-1.0
SPEC

packing=(--maintainer 'A B <a@example.org>' --force)
title "Packages of $(du -sm /root/tree | cut -f1) MB of source"
heading "Debian's tool"
row 'a .deb (dpkg-deb)' "$(fastest -n 3 dpkg-deb -Zxz -b /root/deb /root/theirs.deb)" \
    "$(fastest -n 3 $OURS mkdeb /root/tree --output /root/ours.deb "${packing[@]}")"
row 'an .rpm (rpmbuild)' "$(fastest -n 3 rpmbuild -bb --define '_topdir /root/rpmbuild' /root/m1.spec)" \
    "$(fastest -n 3 $OURS mkrpm /root/tree --output /root/ours.rpm "${packing[@]}")"
size() { stat -c %s "$1"; }
line 'size of the .deb, dpkg-deb and ours' "$(size /root/theirs.deb) $(size /root/ours.deb)" bytes
line 'size of the .rpm, rpmbuild and ours' "$(size /root/rpmbuild/RPMS/noarch/*.rpm) $(size /root/ours.rpm)" bytes
