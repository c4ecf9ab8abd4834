#!/usr/bin/env bash
# prepare.sh: run once in a root whose changes are kept: what every scenario finds. For each kernel with headers a module of
# the kernel's own (dummy, version 1.0) with the files of depmod, and modules compiled beforehand in /quick; a signing key.
set -euo pipefail
work=$(mktemp -d)
cd "$work"
module() { # FILE VERSION-LINE TEXT
    cat >"$1.c" <<END
#include <linux/module.h>
static int __init start(void) { pr_info("$3\n"); return 0; }
static void __exit stop(void) { }
module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
$2
END
}
module one 'MODULE_VERSION("1.0");' one
module two 'MODULE_VERSION("2.0");' two
module other 'MODULE_VERSION("1.0");' other
module none '' none
echo 'obj-m := one.o two.o other.o none.o' >Makefile
for build in /lib/modules/*/build; do
    kernel=$(basename "$(dirname "$build")")
    make -s -C "$build" M="$work" modules
    mkdir -p "/quick/$kernel" "/lib/modules/$kernel/kernel/drivers/net"
    cp ./*.ko "/quick/$kernel"
    modinfo -F srcversion none.ko
    strip -g one.ko -o "/lib/modules/$kernel/kernel/drivers/net/dummy.ko"
    echo kernel/drivers/net/dummy.ko >"/lib/modules/$kernel/modules.order"
    : >"/lib/modules/$kernel/modules.builtin"
    make -s -C "$build" M="$work" clean
    depmod "$kernel"
done
mkdir -p /var/lib/dkms
openssl req -new -x509 -nodes -days 36500 -subj /CN=compliance -newkey rsa:2048 -keyout /var/lib/dkms/mok.key \
    -outform DER -out /var/lib/dkms/mok.pub -addext extendedKeyUsage=codeSigning
rm -rf "$work"
