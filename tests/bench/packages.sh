# shellcheck shell=bash
# root: shell
# Packages of a source as large as a kernel's headers, and of a small driver.
source_of m1
mkdir /root/tree
cp -a /usr/src/linux-headers-*-common /root/tree/kernel
# They lead out of the folder, which no package may.
rm /root/tree/kernel/scripts /root/tree/kernel/tools
cp -a /lib/modules/*[0-9]-amd64/build/include /root/tree/generated
cp /usr/src/m1-1.0/* /root/tree/
mkdir -p /root/deb/DEBIAN /root/deb/usr/src
cp -a /root/tree /root/deb/usr/src/m1-1.0
printf 'Package: m1-dkms\nVersion: 1.0-1\nArchitecture: all\nMaintainer: A B <a@example.org>\nDescription: x\n' >/root/deb/DEBIAN/control
# spec PAYLOAD: what rpmbuild packs; without one, as it does by itself.
spec() {
    printf '%s\n' ${1+"%global _binary_payload $1"} 'Name: m1-dkms' 'Version: 1.0' 'Release: 1' 'Summary: x' 'License: GPL' \
        'BuildArch: noarch' 'AutoReqProv: no' '%global __os_install_post %{nil}' '%description' '%install' \
        'mkdir -p %{buildroot}/usr/src' 'cp -a /root/tree %{buildroot}/usr/src/m1-1.0' '%files' '/usr/src/m1-1.0' >/root/m1.spec
}
rpmbuild=(rpmbuild -bb --define '_topdir /root/rpmbuild' /root/m1.spec)

packing=(--maintainer 'A B <a@example.org>' --force)
files=$(find /root/tree -type f | wc -l)
title "Packages of a source of $files files, $(($(tar -C /root -cf - tree | wc -c) >> 20)) MB as an archive"
heading "Debian's tool"
row 'a .deb, xz -6 (dpkg-deb)' "$(fastest -n 3 dpkg-deb -Zxz -z6 -b /root/deb /root/theirs.deb)" \
    "$(fastest -n 3 $OURS mkdeb /root/tree --output /root/ours.deb "${packing[@]}")" '>= 1x'
row 'a .deb, gzip -9 (dpkg-deb)' "$(fastest -n 3 dpkg-deb -Zgzip -z9 -b /root/deb /root/theirs-gzip.deb)" \
    "$(fastest -n 3 $OURS mkdeb /root/tree --output /root/ours-gzip.deb --compress gzip "${packing[@]}")" '>= 1x'
spec w3.zstdio
row 'an .rpm, zstd -3 (rpmbuild)' "$(fastest -n 3 "${rpmbuild[@]}")" \
    "$(fastest -n 3 $OURS mkrpm /root/tree --output /root/ours.rpm "${packing[@]}")" '>= 1x'
size() { stat -c %s "$1"; }
zstd_size=$(size /root/rpmbuild/RPMS/noarch/*.rpm)
spec
row 'an .rpm, each as it does by itself (rpmbuild)' "$(fastest -n 2 "${rpmbuild[@]}")" \
    "$(fastest -n 3 $OURS mkrpm /root/tree --output /root/ours.rpm "${packing[@]}")" '>= 3x'
line 'size of the .deb, dpkg-deb and ours' "$(size /root/theirs.deb) $(size /root/ours.deb)" bytes
line 'size of the .rpm with zstd -3, rpmbuild and ours' "$zstd_size $(size /root/ours.rpm)" bytes
line "size of rpmbuild's own .rpm" "$(size /root/rpmbuild/RPMS/noarch/*.rpm)" bytes
tar -C /root --exclude=.git -cJf /root/m1-1.0.tar.xz --transform 's,^tree,m1-1.0,' tree
line 'memory of mkdeb, of the folder' "$(memory $OURS mkdeb /root/tree --output /root/ours.deb "${packing[@]}")" MiB '< 100'
line 'memory of mkdeb, of the archive' "$(memory $OURS mkdeb /root/m1-1.0.tar.xz --output /root/ours.deb "${packing[@]}")" MiB '< 100'
line 'memory of mkrpm, of the archive' "$(memory $OURS mkrpm /root/m1-1.0.tar.xz --output /root/ours.rpm "${packing[@]}")" MiB '< 100'

tar -C /usr/src -czf /root/small.tar.gz m1-1.0
title 'Packages of a small driver'
line 'mkdeb of a tarball' "$(fastest $OURS mkdeb /root/small.tar.gz --output /root/small.deb "${packing[@]}")" ms '< 100'
line 'mkrpm of a tarball' "$(fastest $OURS mkrpm /root/small.tar.gz --output /root/small.rpm "${packing[@]}")" ms '< 100'
