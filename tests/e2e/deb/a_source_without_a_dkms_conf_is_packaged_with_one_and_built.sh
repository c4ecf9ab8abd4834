. /e2e/inside.sh
install_ours
kernel=$(kernels | grep cloud)
# One kernel is enough.
find /lib/modules -mindepth 1 -maxdepth 1 ! -name "$kernel" -exec rm -r {} +

step 'modules below the top, under a name of their own in the configuration, and one that no kernel has'
mkdir -p twins-1.0/driver/more
for name in blink wink; do module_source "$name" 1.0; done
mv blink-1.0/blink.c twins-1.0/driver/
mv wink-1.0/wink.c twins-1.0/driver/more/
echo 'int never;' >twins-1.0/driver/never.c
printf 'all:\n\t$(MAKE) -C driver\n' >twins-1.0/Makefile
printf 'config BLINK\n\ttristate "blinks"\n' >twins-1.0/driver/Kconfig
printf 'obj-$(CONFIG_%s) += %s\n' BLINK 'blink.o more/' NO_KERNEL_HAS_THIS never.o >twins-1.0/driver/Makefile
echo 'obj-m := wink.o' >twins-1.0/driver/more/Kbuild
printf '%s\n' '#include <linux/version.h>' '#if LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0)' '#error too old' '#endif' >>twins-1.0/driver/blink.c
tar czf twins-1.0.tar.gz twins-1.0

step 'the dkms.conf is shown, and goes into the package'
ends_with 0 dkms mkdeb twins-1.0.tar.gz --output twins.deb
told 'BUILT_MODULE_NAME\[2\]="wink"'
told 'BUILT_MODULE_LOCATION\[2\]="driver/more"'
told 'MAKE\[0\]="make -C .*/build/driver CONFIG_BLINK=m"'
told 'BUILD_EXCLUSIVE_CONFIG\[1\]="CONFIG_NO_KERNEL_HAS_THIS"'
told 'BUILD_EXCLUSIVE_KERNEL_MIN="4.10"'
diff <(dkms mkconf twins-1.0.tar.gz) <(dpkg-deb --fsys-tarfile twins.deb | tar xO ./usr/src/twins-1.0/dkms.conf) || fail 'mkconf says something else'

step 'it is built and installed'
apt_install ./twins.deb
status_is "twins/1.0, $kernel, x86_64: installed"
for name in blink wink; do
    file=$(module_files "$name" "$kernel")
    [ -f "$file" ] && modinfo -F vermagic "$file" | grep "^$kernel " || fail "$name is not there"
done
[ -z "$(module_files never "$kernel")" ] || fail 'never.ko was built'
ends_with 0 dkms lint /usr/src/twins-1.0

step 'and away'
apt_remove twins-dkms
gone twins
