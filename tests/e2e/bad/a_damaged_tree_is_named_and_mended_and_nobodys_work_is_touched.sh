. /e2e/inside.sh
install_ours
kernel=$(kernels | grep cloud) other=$(kernels | grep -v cloud)
for name in blink wink; do
    module_source $name 1.0 && cp -r $name-1.0 /usr/src/
    dkms add $name/1.0
done
dkms reconcile
installed blink 1.0 && installed wink 1.0
for each in $(kernels); do touch "/lib/modules/$each/modules.order" && depmod "$each"; done
ends_with 0 dkms fsck
file() { module_files "$1" "$2"; }
tree=/var/lib/dkms

step 'damage of every kind'
rm "$(file blink "$kernel")"
truncate -s 100 "$(file blink "$other")"
rm -r "$tree/wink/1.0/$kernel"
mkdir -p "$tree/wink/1.0/6.0.0/x86_64/log" "$tree/tink/1/5.0" "$tree/blink/1.0/$kernel/.tmp_x86_64_left/module" \
    "/lib/modules/6.0.0-9-amd64/updates/dkms"
echo 'make: ***' >"$tree/wink/1.0/6.0.0/x86_64/log/make.log"
touch /lib/modules/6.0.0-9-amd64/modules.{dep,alias,symbols.bin}
echo '{"module":' >"$tree/.records/failures-cut.json"
mkdir -p "$tree/.records/failures" && mv "$tree/.records/failures-cut.json" "$tree/.records/failures/wink,1.0,6.0.0,x86_64.json"
ln -s 1.0/6.0.0/x86_64 "$tree/wink/kernel-6.0.0-x86_64"

step 'the work of a person'
mkdir -p "$tree/blink/2.0" /lib/modules/6.0.1-9-amd64/extra
echo patches >"$tree/blink/2.0/notes.txt"
echo module >/lib/modules/6.0.1-9-amd64/extra/mine.ko
sed -i 's/MODULE_VERSION.*/MODULE_VERSION("1.0-mine");/' wink-1.0/wink.c
make -s -C "/lib/modules/$other/build" M="$PWD/wink-1.0" modules
mine=$(file wink "$other")
case $mine in *.xz) xz --check=crc32 -c wink-1.0/wink.ko >"$mine" ;; *) cp wink-1.0/wink.ko "$mine" ;; esac
sum=$(sha256sum "$mine")

step 'it is all named, and nothing is done'
remember
ends_with 1 dkms fsck
unchanged
for line in "blink/1.0 for $kernel.*: it is not there" "blink/1.0 for $other.*not a kernel module|blink/1.0 for $other.*cannot be read" \
    "wink/1.0 for $kernel.*a build is installed which is not there" 'x86_64: it holds no build' '/tink: it is empty' \
    'left: .*delete what nobody needs: .*/mine.ko' 'wink/1.0 for .*one of version 1.0-mine' 'repair: install' \
    '6.0.0-9-amd64: the kernel has gone' 'failures/wink,1.0,6.0.0,x86_64.json: it cannot be read' 'blink/2.0 .*not a version of a module'; do
    told "$line"
done

step 'what can be explained is mended'
ends_with 1 dkms fsck --repair
installed blink 1.0
installed wink 1.0 "$kernel"
for gone in "$tree/wink/1.0/6.0.0" "$tree/tink" "$tree/wink/kernel-6.0.0-x86_64" /lib/modules/6.0.0-9-amd64; do
    [ ! -e "$gone" ] && [ ! -L "$gone" ] || fail "$gone remains"
done
nothing_left_over

step 'the work of a person is as it was'
[ "$sum" = "$(sha256sum "$mine")" ] || fail 'a module of a person was replaced'
[ -e "$tree/blink/2.0/notes.txt" ] && [ -e /lib/modules/6.0.1-9-amd64/extra/mine.ko ] || fail 'it has gone'
ends_with 1 dkms fsck
[ "$(grep -c '^  left: ' <<<"$output")" -eq 3 ] && ! grep -q 'repair:' <<<"$output" || fail 'something else is found'

step 'when the person has looked, all is sound'
rm -r "$tree/blink/2.0" /lib/modules/6.0.1-9-amd64
dkms install --force wink/1.0 -k "$other"
ends_with 0 dkms fsck
[ -z "$output" ] || fail 'it says something'
