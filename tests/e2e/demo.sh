#!/usr/bin/env bash
# From a driver author's tarball to installed modules, on a Debian machine and on an RPM one: `make demo`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/e2e/lab.sh
start=$SECONDS
mkdir -p "$LAB/log"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

say '1. The program'
echo "   compiling, and packing it as .deb and .rpm (log: ${LAB#"$LAB_TOP/"}/log/packages.log)"
tests/e2e/packages >"$LAB/log/packages.log" 2>&1 || { tail -n 20 "$LAB/log/packages.log"; exit 1; }
lab_make
for package in dkms-rs.deb dkms-rs.rpm; do echo "   $package, $(($(stat -c %s "$LAB/packages/$package") / 1024)) kB"; done

rm -rf "$LAB/demo"
mkdir -p "$LAB/demo/unpacked"
dpkg-deb -x "$LAB/roots/$LAB_SUITE"/repo/v4l2loopback-dkms_*.deb "$LAB/demo/unpacked"
source=$(basename "$LAB"/demo/unpacked/usr/src/*)
tar czf "$LAB/demo/$source.tar.gz" -C "$LAB/demo/unpacked/usr/src" "$source"
rm -r "$LAB/demo/unpacked"
say '2. What a driver author publishes: an archive with a dkms.conf in it'
tar tzf "$LAB/demo/$source.tar.gz" | sed '/\/$/d; s/^/   /'

say '3. Packages from it: no rpmbuild, no dpkg-deb, no root, nothing of the archive is run'
for verb in mkdeb mkrpm; do
    echo "   \$ dkms $verb $source.tar.gz"
    (cd "$LAB/demo" && "$LAB/packages/dkms" "$verb" "$source.tar.gz" --output . 2>&1) | sed 's/^/   /'
done

for side in debian rpm; do
    lab_run -b "$LAB/packages=/packages" -b "$LAB/demo=/demo" -b "$LAB_TOP/tests/e2e=/e2e" -- \
        bash /e2e/demo-inside.sh "$side"
done

say "Done in $((SECONDS - start)) s. The roots are gone again; nothing of this machine was touched."
