# root: clang
# when: nightly
. /e2e/inside.sh
install_ours
without_rooms
gcc_kernel=$(kernels | grep cloud)
headers=$(readlink -f "/lib/modules/$gcc_kernel/build")

# configure HEADERS NAME[=VALUE]...: makes these the values of the headers' configuration, in all its forms; without a value: unset.
configure() {
    local folder=$1 setting name value
    shift
    for setting; do
        name=CONFIG_${setting%%=*} value=${setting#*=}
        sed -i "/^$name=/d" "$folder/.config" "$folder/include/config/auto.conf"
        sed -i "/^#define $name /d" "$folder/include/generated/autoconf.h"
        [[ $setting == *=* ]] || continue
        echo "$name=$value" >>"$folder/.config"
        echo "$name=${value//\"/}" >>"$folder/include/config/auto.conf"
        echo "#define $name ${value/#y/1}" >>"$folder/include/generated/autoconf.h"
    done
}

# clang_kernel KVER [COMPILER]: headers of a kernel that clang and lld built: Debian's, with the configuration that Kconfig
# writes for those. COMPILER is what .kernelvariables chooses.
clang_kernel() {
    local kver=$1 to=/usr/src/linux-headers-$1
    cp -a "$headers" "$to"
    configure "$to" CC_VERSION_TEXT='"Debian clang version 14.0.6"' CC_IS_GCC CC_IS_CLANG=y GCC_VERSION=0 CLANG_VERSION=140006 \
        LD_IS_BFD LD_IS_LLD=y LD_VERSION=0 LLD_VERSION=140006 CC_IMPLICIT_FALLTHROUGH='"-Wimplicit-fallthrough"' \
        FTRACE_MCOUNT_USE_CC FTRACE_MCOUNT_USE_OBJTOOL=y CC_HAS_AUTO_VAR_INIT_ZERO_BARE CC_HAS_AUTO_VAR_INIT_ZERO_ENABLER=y \
        CC_HAS_ZERO_CALL_USED_REGS CC_HAS_RETURN_THUNK RETHUNK CPU_UNRET_ENTRY CC_HAS_SLS SLS DEBUG_INFO_BTF DEBUG_INFO_BTF_MODULES
    sed -i -e "s/$gcc_kernel/$kver/" "$to/include/generated/utsrelease.h" "$to/include/config/kernel.release" "$to/.kernelvariables"
    sed -i '/^CC = /d' "$to/.kernelvariables"
    [ -z "${2-}" ] || echo "CC = $2" >>"$to/.kernelvariables"
    mkdir -p "/lib/modules/$kver"
    ln -s "$to" "/lib/modules/$kver/build"
    : >"/lib/modules/$kver/modules.dep"
}

# The compiler that made an installed module says so in it.
made_by() { objcopy -O binary --only-section=.comment --set-section-flags .comment=alloc "$1" /dev/stdout | tr '\0' '\n' | sort -u; }

# Traces who strips: the programs of the layer stay, each under a script that notes its call.
for tool in strip llvm-strip; do
    mkdir -p /usr/local/bin
    printf '#!/bin/sh\necho "%s $*" >>/tmp/stripped\nexec /usr/bin/%s "$@"\n' $tool $tool >/usr/local/bin/$tool
    chmod 755 /usr/local/bin/$tool
done

clang_kernel 6.1.0-99-clang
clang_kernel 6.1.0-98-clang clang-14

# Two makes, each of which must be told; the environment of each is kept.
module_source blink 1.0
cat >>blink-1.0/Makefile <<'END'
ifeq ($(KERNELRELEASE),)
first second:
	echo "$@ LLVM=$(LLVM) CC=$$CC KERNEL_CC=$$KERNEL_CC LD=$$LD KERNEL_LD=$$KERNEL_LD" >>/tmp/told
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules
endif
END
cat >>blink-1.0/dkms.conf <<'END'
MAKE="'make' KDIR=$kernel_source_dir first && 'make' KDIR=$kernel_source_dir second"
END
cp -r blink-1.0 /usr/src/

for kernel in 6.1.0-99-clang 6.1.0-98-clang; do
    step "$kernel"
    rm -f /tmp/told /tmp/stripped
    ends_with 0 env CC=false LD=false CFLAGS=-broken dkms install blink/1.0 -k "$kernel"
    cat /tmp/told /tmp/stripped
    compiler=clang
    [ $kernel != 6.1.0-98-clang ] || compiler=clang-14
    expected="LLVM=1 CC=$compiler KERNEL_CC=$compiler LD=ld.lld KERNEL_LD=ld.lld"
    [ "$(cat /tmp/told)" = "first $expected"$'\n'"second $expected" ] || fail 'not every make was told'
    [ "$(cut -d' ' -f1 /tmp/stripped | sort -u)" = llvm-strip ] || fail 'another strip'
    file=$(module_files blink $kernel)
    made_by "$file" | grep -q 'clang version 14' || fail 'another compiler'
    ! made_by "$file" | grep -q GCC || fail 'gcc took part'
    ! readelf -SW "$file" | grep -q '\.debug_info' || fail 'not stripped'
    installed blink 1.0 $kernel
done
