# root: dnf nix
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
K=$(uname_of_headers) headers=/lib/modules/$(uname_of_headers)/build
step 'recipes of a driver in two folders with a patch, a renamed module and a file besides'
module_source blink 1.0 one
cd blink-1.0
mkdir -p deep patches
printf 'obj-m := inner.o\n' >deep/Makefile
sed 's/blink/inner/g' blink.c >deep/inner.c
printf 'obj-m := blink.o deep/\n' >Makefile
printf -- '--- a/deep/inner.c\n+++ b/deep/inner.c\n@@ -1 +1,2 @@\n+/* patched */\n %s\n' "$(head -n 1 deep/inner.c)" >patches/one.patch
printf 'options blink fast=1\n' >blink.modprobe
printf '[files]\nblink.modprobe = /etc/modprobe.d/blink.conf\n' >dkms-package.conf
cat >dkms.conf <<'END'
PACKAGE_NAME=blink
PACKAGE_VERSION=1.0
BUILT_MODULE_NAME[0]=blink
BUILT_MODULE_NAME[1]=inner
BUILT_MODULE_LOCATION[1]=deep
DEST_MODULE_NAME[1]=blink-inner
DEST_MODULE_LOCATION[0]=/extra
DEST_MODULE_LOCATION[1]=/extra
MAKE[0]="make KVER=$kernelver -C '$kernel_source_dir' M=$dkms_tree/blink/1.0/build modules"
MAKE[1]="false"
MAKE_MATCH[1]="^2\."
PATCH[0]=one.patch
AUTOINSTALL=yes
END
cd ..
ends_with 0 dkms mkpkg ./blink-1.0 --for alpine,akmod,kmp,nix --output out --maintainer 'A B <a@example.org>' --url https://example.org
find out -type f | sort

step 'alpine: the package has the source with an AKMBUILD, which builds as akms would have it'
cd out/alpine
sed -n '/^sha512sums=/,/^"$/p' APKBUILD | grep -E '^[0-9a-f]{128}  ' | sha512sum -c
cat >as-abuild <<'END'
set -e
. ./APKBUILD
export srcdir="$PWD/src" pkgdir="$PWD/pkg"
mkdir -p "$srcdir" "$pkgdir"
for file in $source; do cp "$file" "$srcdir"; done
for file in "$srcdir"/*.tar.gz; do tar -C "$srcdir" -xzf "$file"; done
. ./APKBUILD
[ "$pkgname" = blink-src ] && [ "$pkgver" = 1.0 ]
package
END
sh as-abuild
grep 'options blink' pkg/etc/modprobe.d/blink.conf
cat >as-akms <<'END'
set -e
. "$1/AKMBUILD"
kernel_ver=$2 kernel_srcdir=$3 srcdir=$1 builddir=$PWD/build
cp -r "$srcdir" "$builddir"
build
for module in $built_modules; do modinfo -F vermagic "$builddir/$module" | grep "^$2 "; done
END
sh as-akms "$PWD/pkg/usr/src/blink-1.0" "$K" "$headers"
[ -e build/deep/blink-inner.ko ] || fail 'the name that it is to have is not there'
grep patched build/deep/inner.c
cd ../..

step 'akmod: rpmbuild makes the packages for a kernel, with what kmodtool says'
mkdir bin
cat >bin/kmodtool <<END
#!/bin/sh
# Stands in for that of kmodtool: one kernel.
echo '%global kernel_versions ${K}___${headers}'
echo '%global kmodinstdir_prefix /lib/modules'
echo '%global kmodinstdir_postfix extra/blink'
printf '%s\n' '%package -n kmod-blink-$K' 'Summary: x' '%description -n kmod-blink-$K' x '%files -n kmod-blink-$K' '/lib/modules/$K/extra/blink/*.ko'
END
chmod 755 bin/kmodtool
export PATH=$PWD/bin:$PATH
build=(rpmbuild --nodeps --define "_topdir $PWD/rpmbuild" --define 'debug_package %{nil}')
ends_with 0 "${build[@]}" --define "_sourcedir $PWD/out/akmod" -ba out/akmod/blink-kmod.spec
rpm -qpl rpmbuild/RPMS/*/kmod-blink-*.rpm | grep ^/lib/ | sort | diff - <(printf '%s\n' "/lib/modules/$K/extra/blink/blink-inner.ko" "/lib/modules/$K/extra/blink/blink.ko")
rpm -qpl rpmbuild/RPMS/*/blink-kmod-common-*.rpm | grep -x /etc/modprobe.d/blink.conf
rpm -qp --qf '%{NAME} %{SOURCEPACKAGE}\n' rpmbuild/SRPMS/blink-kmod-1.0-1*.src.rpm | grep -x 'blink-kmod 1'

step 'kmp: the flavours of the macros are built and put where SUSE has them'
macros=(--define 'kernel_module_package %{nil}' --define 'kernel_module_package_buildreqs make' --define 'flavors_to_build default'
    --define "kernel_source() $headers" --define '_unpackaged_files_terminate_build 0')
ends_with 0 "${build[@]}" "${macros[@]}" --define "_sourcedir $PWD/out/kmp" --define "buildroot $PWD/root" -bi out/kmp/blink.spec
# As the headers call it; Debian's kernel bears another name.
release=$(cat "$headers/include/config/kernel.release")
ls root/lib/modules/"$release"/updates/blink.ko root/lib/modules/"$release"/updates/blink-inner.ko
rpmspec -q "${macros[@]}" out/kmp/blink.spec

step 'nix: the expression is read by nix itself, and its lines are those that built here'
nix-instantiate --parse out/nix/default.nix >parsed
grep -F 'pname = "blink"' parsed
grep -F "install -D -m 444 'deep/inner.ko'" out/nix/default.nix
