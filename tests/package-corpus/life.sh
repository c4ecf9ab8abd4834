# shellcheck shell=bash
# life.sh apt|rpm|dnf ours|theirs: the life of a real module's package, by this tool, beside our DKMS or the shell original.
# /made holds the package in old (release 1), release (the same version, release 2) and new (a later version).
. /e2e/inside.sh
tool=$1 beside=$2
[ "$tool" != deb ] || tool=apt

# One kernel is enough, the one for which all of them build; several of them exclude the other.
rm -rf /lib/modules/*-cloud-amd64
kernel=$(kernels)
# What a kernel's own package brings, as far as depmod looks at it.
mkdir "/lib/modules/$kernel/kernel"
gcc -c -x c /dev/null -o "/lib/modules/$kernel/kernel/own.ko"
touch "/lib/modules/$kernel/modules.order" "/lib/modules/$kernel/modules.builtin"
depmod "$kernel"
# dpkg -V would miss the documents that this root leaves out.
sed -i '/^path-exclude/d' /etc/dpkg/dpkg.cfg.d/lab

case $tool in
    apt)
        package=$(dpkg-deb -f /made/old/*.deb Package)
        provide_dkms() { if [ "$beside" = ours ]; then install_ours; fi; }
        install() { apt_install --allow-downgrades "/made/$1"/*.deb; }
        reinstall() { apt_install --reinstall "/made/$1"/*.deb; }
        # Settings stay until a package is purged.
        remove() { apt_remove "$package" && dpkg --purge "$package"; }
        verify() { dpkg -V "$package"; }
        ;;
    rpm | dnf)
        package=$(rpm -qp --qf '%{NAME}' /made/old/*.rpm)
        provide_dkms() { rpm -U /packages/distribution.rpm "/packages/$([ "$beside" = ours ] && echo dkms-rs || echo shell-dkms).rpm"; }
        verify() { rpm -V "$package"; }
        ;;&
    rpm)
        install() { rpm -U --oldpackage "/made/$1"/*.rpm; }
        reinstall() { rpm -U --replacepkgs "/made/$1"/*.rpm; }
        remove() { rpm -e "$package"; }
        ;;
    dnf)
        # No repository: files alone.
        plain_dnf() { dnf -y --releasever=1 --setopt=reposdir=/none --setopt=keepcache=0 "$@"; }
        install() { plain_dnf "${2-install}" "/made/$1"/*.rpm; }
        reinstall() { plain_dnf reinstall "/made/$1"/*.rpm; }
        remove() { plain_dnf remove "$package"; }
        ;;
esac

# What is below these folders before a package comes must be there again when it has gone, and nothing else.
# The key that signs modules is made once and stays.
everything() {
    find /lib/modules /usr/src /var/lib/dkms /etc/dkms -name '.?*' -prune -o -name 'mok.*' -prune -o -print | sort
}
# The package's files are as they came, its module is there in this version and no other, and depmod knows it.
lives() {
    local state files
    verify >/tmp/differs || { cat /tmp/differs; fail "files of $package differ"; }
    [ ! -s /tmp/differs ] || fail "files of $package differ: $(cat /tmp/differs)"
    state=$(dkms status 2>/dev/null)
    [ "$(sed -n 's/^PACKAGE_VERSION=//p' "/usr/src/$name-$version$1/dkms.conf" | tr -d "\"'\r")" = "$version$1" ] || fail 'its dkms.conf is another one'
    [[ $state =~ ^"$id$1, $kernel, x86_64: installed"( \(.*\))?$ ]] || fail "not installed as $id$1"
    mapfile -t files < <(comm -13 /tmp/everything <(everything) | grep '^/lib/modules/.*[.]ko')
    [ ${#files[@]} -gt 0 ] || fail 'no module file'
    [ "${count:=${#files[@]}}" -eq ${#files[@]} ] || fail "${#files[@]} module files instead of $count: ${files[*]}"
    [ "$(modinfo -F vermagic "${files[@]}" | cut -d ' ' -f 1 | sort -u)" = "$kernel" ] || fail 'built for another kernel'
    for file in "${files[@]}"; do
        grep -qF "${file#"/lib/modules/$kernel/"}:" "/lib/modules/$kernel/modules.dep" || fail "depmod does not know $file"
    done
}

step "a $beside DKMS"
provide_dkms
everything >/tmp/everything

step 'install'
install old
folders=(/usr/src/*/dkms.conf)
[ ${#folders[@]} -eq 1 ] || fail "not one source: ${folders[*]}"
name=$(sed -n 's/^PACKAGE_NAME=//p' "${folders[0]}" | tr -d "\"'\r")
folder=$(basename "${folders[0]%/dkms.conf}")
version=${folder#"$name-"} id=$name/${folder#"$name-"}
lives ''

step 'the same version, release 2'
install release
lives ''

step 'a later version'
install new
lives .99
[ ! -e "/usr/src/$folder" ] || fail 'the old source remains'

step 'reinstall'
reinstall new
lives .99

step 'downgrade, to the older version and then to the first release'
install release downgrade
lives ''
[ ! -e "/usr/src/$folder.99" ] || fail 'the later source remains'
install old downgrade
lives ''

step 'remove'
remove
[ -z "$(dkms status 2>/dev/null)" ] || fail 'it is still known'
everything | diff /tmp/everything - || fail 'something remains'
