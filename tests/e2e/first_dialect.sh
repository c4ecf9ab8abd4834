# shellcheck shell=bash
# first_dialect.sh: a vendor's driver of 2003 and what is expected of it. Sourced after inside.sh and transactions.sh.

# driver_of_2003: qlx2x00src-v6.04.00.tgz, without a dkms.conf, and beside it qlx.conf in the dialect of that time.
driver_of_2003() {
    local top=qlx2x00src-v6.04.00 name
    mkdir -p "$top/patches"
    cat >"$top/Makefile" <<'END'
# Which make command was used is told by FLAVOUR.
obj-m := qlx2200.o qlx2300.o
ccflags-y := -DFLAVOUR=\"$(FLAVOUR)\"
END
    for name in qlx2200 qlx2300; do
        cat >"$top/$name.c" <<'END'
#include <linux/module.h>
#include "qlx.h"
static int __init qlx_init(void) { return 0; }
static void __exit qlx_exit(void) { }
module_init(qlx_init);
module_exit(qlx_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("A Driver Author <author@example.org>");
MODULE_DESCRIPTION("made " FLAVOUR ", patched " PATCHED);
END
    done
    echo '#define PATCHED "not"' >"$top/qlx.h"
    header_patch not always >"$top/patches/always.patch"
    header_patch always 'always and for smp' >"$top/patches/smp.patch"
    header_patch always 'always and for bigmem' >"$top/patches/bigmem.patch"
    tar czf "$top.tgz" "$top"
    rm -rf "${top:?}"
    cat >qlx.conf <<'END'
# Fibre channel adapters
PACKAGE_NAME="qlx2x00"
PACKAGE_VERSION="v6.04.00"
MAKE="make -C ${kernel_source_dir} M=${dkms_tree}/qlx2x00/v6.04.00/build FLAVOUR=plainly"
MAKE_smp="make -C ${kernel_source_dir} M=${dkms_tree}/qlx2x00/v6.04.00/build FLAVOUR=for-smp"
MAKE_bigmem="make -C ${kernel_source_dir} M=${dkms_tree}/qlx2x00/v6.04.00/build FLAVOUR=for-bigmem"
PATCH0="always.patch"
PATCH_smp="smp.patch"
PATCH_bigmem="bigmem.patch"
MODULE_NAME="qlx2200.o:qlx2200_6x.o qlx2300.o:qlx2300_6x.o"
LOCATION="/kernel/drivers/scsi"
REMAKE_INITRD="yes"
MODULES_CONF0="alias scsi_hostadapter qlx2300_6x"
AUTOINSTALL="yes"
END
}

header_patch() {
    printf '%s\n' '--- a/qlx.h' '+++ b/qlx.h' '@@ -1 +1 @@' "-#define PATCHED \"$1\"" "+#define PATCHED \"$2\""
}

# headers_of KVER: real headers under that release, for /lib/modules/KVER/build.
headers_of() {
    headers_like "$1" "/usr/src/linux-headers-$1"
    mkdir -p "/lib/modules/$1"
    ln -s "/usr/src/linux-headers-$1" "/lib/modules/$1/build"
}

# made KVER DESCRIPTION: both modules are installed there under their second names, and say how they were made.
made() {
    local name file
    for name in qlx2200_6x qlx2300_6x; do
        file=$(module_files "$name" "$1")
        [ -f "$file" ] || fail "no $name for $1"
        [ "$(modinfo -F description "$file")" = "$2" ] || fail "$file was $(modinfo -F description "$file")"
        modinfo -F vermagic "$file" | grep "^$1 " || fail "$file was built for another kernel"
    done
    dkms status -m qlx2x00 -v v6.04.00 -k "$1" | grep ': installed' || fail "not installed for $1"
}
