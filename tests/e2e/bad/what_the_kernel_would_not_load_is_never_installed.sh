# Each kind of result that a kernel refuses: built for another one, brought by the source, bare where signatures are enforced,
# cut since it was built. What worked before stays; a file that went comes back.
. /e2e/inside.sh
install_ours
mapfile -t all < <(kernels)
kernel=${all[0]} other=${all[1]}
module_source blink 1.0
dkms install ./blink-1.0 -k "$kernel"
file=$(find "/lib/modules/$kernel" -name 'blink.ko*')
before=$(sha256sum "$file")
stays() { [ "$(sha256sum "$file")" = "$before" ] || fail "$1: the working module was replaced"; }

step 'a makefile that goes for another kernel'
module_source blink 1.1
cat >blink-1.1/Makefile <<END
ifneq (\$(KBUILD_EXTMOD),)
obj-m := blink.o
else
all:
	\$(MAKE) -C /lib/modules/$other/build M=\$(CURDIR) modules
endif
END
echo "MAKE[0]=\"'make' all\"" >>blink-1.1/dkms.conf
ends_with 10 dkms install ./blink-1.1 -k "$kernel"
# In a room that kernel is not there.
told "/lib/modules/$other/build: No such file"
stays 'another kernel'
ends_with 10 env DKMS_ROOM=none dkms install ./blink-1.1 -k "$kernel"
told "built for kernel $other instead of $kernel"
stays 'another kernel, without a room'
dkms remove blink/1.1 --all
rm -rf /usr/src/blink-1.1

step 'a module that came with the source'
module_source blink 1.2
cp "$file" blink-1.2/blink.ko
printf 'all:\n\ttrue\n' >blink-1.2/Makefile
echo "MAKE[0]=\"'make' all\"" >>blink-1.2/dkms.conf
ends_with 10 dkms install ./blink-1.2 -k "$kernel"
told 'came with the source'
stays 'ready-made'
dkms remove blink/1.2 --all
rm -rf /usr/src/blink-1.2

step 'a module that was cut since it was built'
module_source blink 1.3
dkms build ./blink-1.3 -k "$kernel"
truncate -s 100 /var/lib/dkms/blink/1.3/"$kernel"/*/module/blink.ko*
ends_with 6 dkms install blink/1.3 -k "$kernel"
told 'was changed since it was built'
stays cut
dkms remove blink/1.3 --all
rm -rf /usr/src/blink-1.3

step 'files that went come back from the build'
rm "$file"
ends_with 0 /etc/kernel/postinst.d/dkms "$kernel"
stays 'put back'

step 'signatures are enforced, and the key is locked'
headers=$(readlink -f "/lib/modules/$kernel/build")
cp -a "$headers" /root/headers
ln -sfn /root/headers "/lib/modules/$kernel/build"
for config in .config include/config/auto.conf; do echo CONFIG_MODULE_SIG_FORCE=y >>"/root/headers/$config"; done
openssl req -new -x509 -newkey rsa:2048 -passout pass:abc -keyout locked.key -outform DER -out locked.der -subj /CN=x/ 2>/dev/null
mkdir -p /etc/dkms/framework.conf.d
printf 'mok_signing_key=/root/locked.key\nmok_certificate=/root/locked.der\n' >/etc/dkms/framework.conf.d/key.conf
module_source blink 1.4
ends_with 6 dkms install ./blink-1.4 -k "$kernel"
told 'locked by a passphrase'
stays unsigned

step 'and is opened: the next event signs what is built, and installs it'
openssl rsa -in locked.key -passin pass:abc -out locked.key 2>/dev/null
ends_with 0 dkms autoinstall -k "$kernel"
told 'signing blink/1.4'
installed blink 1.4 "$kernel"
