# root: kernel612
# What a kernel asks beyond its name: the size of its struct module, the versions of its symbols; and what is said where the
# headers that list these are gone.
. /e2e/inside.sh
install_ours
kernel=$(kernels | grep '^6\.12.*cloud')
headers=$(readlink -f "/lib/modules/$kernel/build")
module_source blink 1.0
printf '%s\n' "MAKE='make -C \$(cat /usr/src/use) M=\$dkms_tree/blink/1.0/build modules'" >>blink-1.0/dkms.conf
use() { echo "$1" >/usr/src/use; }
use "$headers"
ends_with 0 dkms install ./blink-1.0 -k "$kernel"
file=$(module_files blink "$kernel")
before=$(sha256sum "$file")
# refused WORDS: the build is, and the module that works stays.
refused() {
    ends_with 10 dkms build --force blink/1.0 -k "$kernel"
    told "$1"
    [ "$(sha256sum "$file")" = "$before" ] || fail 'the working module was replaced'
    installed blink 1.0 "$kernel"
}

step 'headers of the same name that were configured otherwise'
cp -a "$headers" /usr/src/other
echo '#undef CONFIG_KALLSYMS' >>/usr/src/other/include/generated/autoconf.h
use /usr/src/other
refused "its struct module has"
told 'so it would not be loaded'

step 'another list of symbols'
rm -rf /usr/src/other
cp -a "$headers" /usr/src/other
sed -i 's/^0x[0-9a-f]*\tmodule_layout\t/0x12345678\tmodule_layout\t/' /usr/src/other/Module.symvers
refused 'it needs module_layout in version 0x12345678'

step 'the headers go: what nothing tells is not guessed'
use "$headers"
mv "$headers" /root/headers
ends_with 0 dkms check -m blink -k "$kernel" --verbose
told "cannot tell whether ${kernel//+/.} .x86_64. loads blink/1.0: its headers are gone"
ends_with 0 dkms why blink -k "$kernel"
told 'cannot tell whether'

step 'a list that the kernel has beside it answers that'
gzip -c /root/headers/Module.symvers >"/lib/modules/$kernel/symvers.gz"
ends_with 0 dkms check -m blink -k "$kernel" --verbose
! grep -q 'cannot tell' <<<"$output" || fail 'it can be told'
gzip -c /usr/src/other/Module.symvers >"/lib/modules/$kernel/symvers.gz"
ends_with 2 dkms check -m blink -k "$kernel"
told "blink/1.0 would not be loaded by ${kernel//+/.}"
told 'and 0x12345678 is offered'
