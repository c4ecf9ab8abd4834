# root: pacman
# when: nightly
# Made by makepkg from the PKGBUILD that we ship; the program in it is the one that the other scenarios have, since this root
# has no cargo. -dd: pacman does not know the packages of this Debian root.
. /e2e/inside.sh
. /e2e/transactions.sh
printf '[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n' >/etc/pacman.conf
pacman() { command pacman --noconfirm --noprogressbar "$@"; }

step 'makepkg'
mkdir -p /home/maker/src && cp /packages/PKGBUILD /home/maker && tar xf /packages/dkms-rs-*.tar.gz -C /home/maker/src
source=$(echo /home/maker/src/dkms-rs-*)
mkdir -p "$source/target/release"
cp /packages/dkms "$source/target/release/"
touch "/home/maker/$(basename /packages/dkms-rs-*.tar.gz)"
chown -R 1000:1000 /home/maker
(cd /home/maker && PREBUILT=yes HOME=/home/maker PKGEXT=.pkg.tar.zst \
    setpriv --reuid 1000 --regid 1000 --clear-groups makepkg --noextract --nodeps --skipinteg) || fail 'makepkg'
package=$(ls /home/maker/dkms-rs-*.pkg.tar.zst)
bsdtar -tf "$package" >files
for path in usr/bin/dkms usr/lib/dkms/event usr/share/libalpm/hooks/70-dkms-post.hook usr/share/licenses/dkms-rs/LICENSE-MIT \
    usr/lib/kernel/install.d/40-dkms.install usr/share/man/man8/dkms.8.gz etc/dkms/framework.conf; do
    grep -qx "$path" files || fail "$path is missing"
done
! grep -E '^(etc/kernel|usr/sbin)' files || fail 'paths that Arch does not have'
bsdtar -xOf "$package" .PKGINFO | grep -qx 'provides = dkms=3.4.0' || fail 'does not provide dkms'

step 'a module comes while it is there'
pacman -Udd "$package"
source_pac blink 1.0 1 one
pacman -U blink-dkms-1.0-1.pkg.tar.zst
installed blink 1.0 && says blink one && settled

step 'a reinstallation heals what was lost'
for kernel in $(kernels); do rm "$(module_files blink "$kernel")"; done
pacman -Udd "$package"
installed blink 1.0 && says blink one && settled

step 'the module comes as a package that mkpkg makes, and as what makepkg makes of its PKGBUILD'
module_source blink 2.0-3-gabcdef0 two
printf 'options blink a=1\n' >blink-2.0-3-gabcdef0/blink.modprobe
printf '[files]\nblink.modprobe = /etc/modprobe.d/blink.conf\n' >blink-2.0-3-gabcdef0/dkms-package.conf
echo text >"blink-2.0-3-gabcdef0/a name with #signs"
tar czf blink-2.0.tar.gz blink-2.0-3-gabcdef0
dkms mkpkg blink-2.0.tar.gz --for arch -o made --maintainer 'A Maker <a@example.org>'
made=made/arch/blink-dkms-2.0.r3.gabcdef0-1-any.pkg.tar.zst
[ "$(vercmp 2.0.r3.gabcdef0-1 1.0-1)$(vercmp 2.0.r3.gabcdef0-1 2.0-1)$(vercmp 2.0.r3.gabcdef0-1 2.0.1-1)" = 11-1 ] || fail 'its version'
pacman -U "$made"
installed blink 2.0-3-gabcdef0 && says blink two && settled
command pacman -Qkk blink-dkms || fail 'pacman finds something altered'
[ "$(cat /etc/modprobe.d/blink.conf)" = 'options blink a=1' ] || fail 'the file besides is missing'
command pacman -Qi blink-dkms | grep -q '^Depends On *: dkms$' || fail 'it does not need dkms'
echo 'options blink a=2' >/etc/modprobe.d/blink.conf
mkdir /home/maker/blink && cp made/arch/* /home/maker/blink && rm /home/maker/blink/*.zst && chown -R 1000:1000 /home/maker/blink
(cd /home/maker/blink && HOME=/home/maker PKGEXT=.pkg.tar.zst \
    setpriv --reuid 1000 --regid 1000 --clear-groups makepkg --nodeps) || fail 'makepkg of the module'
contents() { bsdtar -tvf "$1" | awk '{print $1, $3, $4, $5, $9, $10, $11, $12, $13}' | grep -E ' (usr|etc)/' | sort; }
contents "$made" | sed -E 's/^(d.* )[0-9]+ /\1/' >ours
contents /home/maker/blink/blink-dkms-*.zst | sed -E 's/^(d.* )[0-9]+ /\1/' >theirs
diff ours theirs || fail 'not the files that mkpkg packages'
pacman -U /home/maker/blink/blink-dkms-*.zst
says blink two && settled
[ "$(cat /etc/modprobe.d/blink.conf)" = 'options blink a=2' ] || fail 'what a person changed is lost'
dkms mkpkg blink-2.0.tar.gz --for arch -o again --maintainer 'A Maker <a@example.org>' >/dev/null
cmp "$made" again/arch/*.zst

step 'the module and dkms go in one transaction'
pacman -Rdd dkms-rs blink-dkms
for kernel in $(kernels); do [ -z "$(module_files blink "$kernel")" ] || fail "left: $(module_files blink "$kernel")"; done
[ ! -e /var/lib/dkms/blink ] || fail 'left in the tree'

step 'dkms alone goes: the modules stay'
pacman -Udd "$package"
pacman -U blink-dkms-1.0-1.pkg.tar.zst
pacman -Rdd dkms-rs
says blink one
