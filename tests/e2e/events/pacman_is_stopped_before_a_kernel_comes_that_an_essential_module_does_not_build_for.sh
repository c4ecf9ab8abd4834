# root: pacman
. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/preflight.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
mkdir -p /usr/share/libalpm/hooks && tar xf /packages/alpm-hooks.tar -C /usr/share/libalpm/hooks
printf '[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n' >/etc/pacman.conf
pacman() { command pacman --noconfirm --noprogressbar "$@"; }
new=6.1.99-arch1-1
# linux-headers, as Arch has them: a folder below the kernel's own.
headers_pac() {
    local top=$PWD/pac-build
    rm -rf "$top" && headers_like "$new" "$top/usr/lib/modules/$new/build"
    printf '%s\n' 'pkgname = linux-headers' 'pkgver = 6.1.99-1' 'pkgdesc = headers' 'url = http://example.org' 'builddate = 1700000000' \
        'packager = A <a@example.org>' 'size = 1000' 'arch = x86_64' 'license = GPL2' >"$top/.PKGINFO"
    bsdtar -C "$top" --zstd -cf linux-headers-6.1.99-1-x86_64.pkg.tar.zst .PKGINFO usr
}
headers_pac
source_pac wink 1.0 1 hey && FAILS_ON=arch1 source_pac blink 1.0 1 one && source_pac blink 2.0 1 mended
pacman -U wink-dkms-1.0-1.pkg.tar.zst blink-dkms-1.0-1.pkg.tar.zst
installed wink 1.0 && installed blink 1.0

step 'stopped: nothing has changed'
settings 'essential_modules="blink"'
remember
ends_with 1 pacman -U linux-headers-6.1.99-1-x86_64.pkg.tar.zst
told "stopped before anything was unpacked: blink/1.0 would not build for kernel $new"
told 'DKMS_PREFLIGHT=off pacman'
unchanged
! command pacman -Q linux-headers || fail 'it is installed'

step 'with the mended module it passes'
ends_with 0 pacman -U linux-headers-6.1.99-1-x86_64.pkg.tar.zst blink-dkms-2.0-1.pkg.tar.zst
installed blink 2.0 "$new" && installed wink 1.0 "$new"
pacman -R linux-headers && rm -rf "/usr/lib/modules/$new"

step 'warned, and off'
pacman -U blink-dkms-1.0-1.pkg.tar.zst
settings 'preflight="warn"'
ends_with 0 pacman -U linux-headers-6.1.99-1-x86_64.pkg.tar.zst
told "blink/1.0 would not build for kernel $new"
pacman -R linux-headers && rm -rf "/usr/lib/modules/$new"
settings 'preflight="strict"'
ends_with 1 pacman -U linux-headers-6.1.99-1-x86_64.pkg.tar.zst
export DKMS_PREFLIGHT=off
ends_with 0 pacman -U linux-headers-6.1.99-1-x86_64.pkg.tar.zst
