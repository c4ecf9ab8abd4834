# when: nightly
# The hook files are checked against alpm-hooks(5), and what pacman would call is called with the paths that it would write to
# standard input, which have no slash in front.
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm

step 'the hook files'
mkdir hooks && (cd hooks && tar xf /packages/alpm-hooks.tar)
for hook in hooks/*.hook; do
    awk -F ' *= *' -v file="$hook" '
        /^#|^$/ {next}
        /^\[(Trigger|Action)\]$/ {section = $0; count[section]++; next}
        section == "[Trigger]" && $1 == "Type" && $2 == "Path" {next}
        section == "[Trigger]" && $1 == "Operation" && $2 ~ /^(Install|Upgrade|Remove)$/ {next}
        section == "[Trigger]" && $1 == "Target" && $2 !~ /^\// {targets++; next}
        section == "[Action]" && $1 == "Description" {next}
        section == "[Action]" && $1 == "When" && $2 ~ /^(Pre|Post)Transaction$/ {when++; next}
        section == "[Action]" && $1 == "Exec" && $2 ~ /^(\/bin\/sh -c ")?\/usr\/lib\/dkms\/event pacman[ -]/ {exec++; next}
        # Only where a code of ours says so: whatever else goes wrong stops nobody.
        section == "[Action]" && $1 == "AbortOnFail" && NF == 1 {aborts++; next}
        section == "[Action]" && $1 == "NeedsTargets" && NF == 1 {needs++; next}
        {print file ": not in alpm-hooks(5): " $0; bad = 1}
        END {exit bad || aborts != (file ~ /preflight/) || when != 1 || exec != 1 || needs != 1 || targets < 1}' "$hook" || fail "$hook"
done
# hook NAME PATH...: what pacman does when its paths match.
hook() {
    local exec
    exec=$(sed -n 's/^Exec = //p' "hooks/$1.hook")
    shift
    printf '%s\n' "$@" | $exec
}
# What pacman says of a file's owner: everything in /usr/src belongs to a package here.
cat >/usr/local/bin/pacman <<'END'
#!/bin/sh
[ "$1" = -Qoq ] && [ -e "$2" ] && echo a-package
END
chmod 755 /usr/local/bin/pacman

step 'a source arrives with a package'
module_source blink 1.0 one && mv blink-1.0 /usr/src/
ends_with 0 hook 70-dkms-post usr/src/blink-1.0/dkms.conf
installed blink 1.0 && settled

step 'an upgrade to another version: noted before, done after'
ends_with 0 hook 70-dkms-pre usr/src/blink-1.0/dkms.conf
installed blink 1.0
rm -rf /usr/src/blink-1.0
module_source blink 2.0 two && mv blink-2.0 /usr/src/
ends_with 0 hook 70-dkms-post usr/src/blink-1.0/dkms.conf usr/src/blink-2.0/dkms.conf
installed blink 2.0 && settled
[ "$(dkms status | cut -d, -f1 | sort -u)" = blink/2.0 ] || fail 'another version is known'

step 'a kernel arrives, with an older one gone'
KVER=6.5.0-arch1-1
kernel_rpms $KVER
rpm -i --noscripts --notriggers ./kernel-core*.rpm ./kernel-devel*.rpm
ends_with 0 hook 70-dkms-post usr/lib/modules/$KVER/modules.order usr/lib/modules/$KVER/build/include/
installed blink 2.0 $KVER && settled
rpm -e --noscripts --notriggers kernel-core kernel-devel
ends_with 0 hook 70-dkms-post usr/lib/modules/$KVER/modules.order
[ ! -e /lib/modules/$KVER ] || fail "leftovers: $(find /lib/modules/$KVER)"
settled

step 'mkinitcpio, by stand-ins: left to its own hook where that is called for the same paths, made anew where it is not'
printf '#!/bin/sh\ncat "$2"\n' >/usr/local/bin/lsinitcpio
printf '#!/bin/sh\necho "$*" >>/root/made\n' >/usr/local/bin/mkinitcpio
chmod 755 /usr/local/bin/lsinitcpio /usr/local/bin/mkinitcpio
read -r first _ < <(kernels | xargs)
mkdir -p /etc/mkinitcpio.d /usr/share/libalpm/hooks
echo linux >"/usr/lib/modules/$first/pkgbase"
echo 'default_image="/boot/initramfs-linux.img"' >/etc/mkinitcpio.d/linux.preset
echo "usr/lib/modules/$first/updates/dkms/blink.ko.zst" >/boot/initramfs-linux.img
touch /usr/share/libalpm/hooks/90-mkinitcpio-install.hook
# changed GREETING: the package brings the same version from another source.
changed() { rm -rf /usr/src/blink-2.0 && module_source blink 2.0 "$1" && mv blink-2.0 /usr/src/; }
changed three
ends_with 0 hook 70-dkms-post usr/src/blink-2.0/dkms.conf
[ ! -e /root/made ] || fail 'made twice in one transaction'
changed four
ends_with 0 hook 70-dkms-post "usr/lib/modules/$first/build/include/"
diff <(echo '-p linux') /root/made || fail 'not made'
says blink four

step 'the kernel came first and its headers later: the image lacks a module that the settings name'
: >/boot/initramfs-linux.img
rm /root/made
changed five
ends_with 0 hook 70-dkms-post "usr/lib/modules/$first/build/include/"
[ ! -e /root/made ] || fail 'made although nothing wants the module in it'
echo 'MODULES=(ext4 blink)' >/etc/mkinitcpio.conf
changed six
ends_with 0 hook 70-dkms-post "usr/lib/modules/$first/build/include/"
told 'it is to hold blink, as the settings of its maker say, and does not'
diff <(echo '-p linux') /root/made || fail 'not made'
says blink six
rm "/usr/lib/modules/$first/pkgbase"

step 'the package goes'
ends_with 0 hook 70-dkms-pre usr/src/blink-2.0/dkms.conf
rm -rf /usr/src/blink-2.0
ends_with 0 hook 70-dkms-post usr/src/blink-2.0/dkms.conf
gone blink && settled
