# root: kernel612
# when: nightly
. /e2e/inside.sh
. /e2e/sign.sh
install_ours
without_rooms
[ "$(kernels | cut -d. -f1,2 | sort -u | paste -sd' ')" = '6.1 6.12' ] || fail "not the kernels that are tested: $(kernels)"

# The makefile notes what it is told, then builds.
module_source blink 1.0
cat >>blink-1.0/Makefile <<'MAKEFILE'
ifeq ($(KERNELRELEASE),)
all:
	echo "$$CC $$KERNEL_CC ld=$$LD llvm=$(LLVM)" >>/tmp/told
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules
endif
MAKEFILE
echo "MAKE=\"'make' KDIR=\$kernel_source_dir\"" >>blink-1.0/dkms.conf
cp -r blink-1.0 /usr/src/
made_by() { objcopy -O binary --only-section=.comment --set-section-flags .comment=alloc "$1" /dev/stdout | tr '\0' '\n' | sort -u | sed '/^$/d'; }
config() { sed -n "s/^$1=\"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}$/\\1/p" "/lib/modules/$2/build/include/config/auto.conf"; }

for kernel in $(kernels); do
    step "$kernel"
    rm -f /tmp/told
    ends_with 0 env CC=false CFLAGS=-broken dkms install blink/1.0 -k "$kernel"
    installed blink 1.0 "$kernel"
    compiler=$(config CONFIG_CC_VERSION_TEXT "$kernel")
    sort -u /tmp/told
    [ "$(sort -u /tmp/told)" = "${compiler%% *} ${compiler%% *} ld= llvm=" ] || fail 'another compiler was told'
    file=$(module_files blink "$kernel")
    plain "$file" >/tmp/plain.ko
    [ "$(made_by /tmp/plain.ko)" = "GCC: ${compiler#* }" ] || fail "$compiler made the kernel, this its module: $(made_by /tmp/plain.ko)"
    SIGN_FILE=/lib/modules/$kernel/build/scripts/sign-file
    signed_by "$file" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub "$(config CONFIG_MODULE_SIG_HASH "$kernel")"
    ! readelf -SW /tmp/plain.ko | grep -q '\.debug_info' || fail 'not stripped'
done

step 'a kernel of another compiler that is here, and one of a compiler that is not'
# compiled_by KVER COMPILER: headers as that compiler's kernel would have them, without a choice of their own.
compiled_by() {
    local to=/usr/src/linux-headers-$1
    cp -a "$(readlink -f "/lib/modules/$KERNEL/build")" "$to"
    sed -i "s/^CONFIG_CC_VERSION_TEXT=.*/CONFIG_CC_VERSION_TEXT=$2 (Example) 1.2.3/" "$to/include/config/auto.conf"
    sed -i -e '/^CC = /d' -e "s/$KERNEL/$1/" "$to/.kernelvariables"
    sed -i "s/$KERNEL/$1/" "$to/include/generated/utsrelease.h" "$to/include/config/kernel.release"
    mkdir -p "/lib/modules/$1"
    ln -s "$to" "/lib/modules/$1/build"
}
KERNEL=$(kernels | grep '^6\.1\..*cloud')
cat >/usr/local/bin/gcc-99 <<'SCRIPT'
#!/bin/sh
echo "$*" >>/tmp/gcc-99
exec gcc-12 "$@"
SCRIPT
chmod 755 /usr/local/bin/gcc-99
compiled_by 6.1.0-99-here gcc-99
compiled_by 6.1.0-98-missing gcc-98
rm -f /tmp/told
ends_with 0 dkms install blink/1.0 -k 6.1.0-99-here
[ "$(sort -u /tmp/told)" = 'gcc-99 gcc-99 ld= llvm=' ] || fail "told: $(sort -u /tmp/told)"
rm -f /tmp/told /tmp/gcc-99
ends_with 0 dkms install blink/1.0 -k 6.1.0-98-missing
[ "$(sort -u /tmp/told)" = '  ld= llvm=' ] || fail "told: $(sort -u /tmp/told)"
[ ! -e /tmp/gcc-99 ] || fail 'by a compiler that nobody named'
