# root: dnf
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# One release of kernel-install is here; the others are driven as they were seen to call plugins.
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
source_rpm blink 1.0 1 one
mkdir -p /etc/kernel/install.d
echo 'dkms autoinstall' >/etc/kernel/install.d/40-dkms.install
chmod 755 /etc/kernel/install.d/40-dkms.install

step 'a plugin of an older package in /etc, which would mask ours, is moved away'
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
rpm -i blink-dkms-1.0-1.rpm
[ ! -e /etc/kernel/install.d/40-dkms.install ] && [ -e /etc/kernel/install.d/40-dkms.install.rpmsave ] || fail 'it masks ours'
[ -s /etc/machine-id ] || systemd-machine-id-setup
ends_with 0 rpm -i kernel-devel-*.rpm kernel-core-*.rpm
told "blink/1.0 installed for $KVER"
settled

# plugin RELEASE WORD...: calls ours as that release of kernel-install would.
plugin() {
    local release=$1 set=()
    shift
    [ "$release" -lt 252 ] || set+=(KERNEL_INSTALL_MACHINE_ID=0123456789abcdef0123456789abcdef KERNEL_INSTALL_ENTRY_TOKEN=debian
        KERNEL_INSTALL_BOOT_ROOT=/boot KERNEL_INSTALL_LAYOUT=bls KERNEL_INSTALL_INITRD_GENERATOR=dracut
        KERNEL_INSTALL_STAGING_AREA=/tmp/kernel-install.staging.x KERNEL_INSTALL_VERBOSE=0)
    [ "$release" -lt 257 ] || set+=(KERNEL_INSTALL_IMAGE_TYPE=pe KERNEL_INSTALL_UKI_GENERATOR=ukify)
    [ "$release" -lt 262 ] || set+=(KERNEL_INSTALL_ENTRY_NAME=x KERNEL_INSTALL_BOOT_ENTRY_TYPE=type1)
    ends_with 0 env -i PATH=/sbin:/bin:/usr/sbin:/usr/bin "${set[@]}" /usr/lib/kernel/install.d/40-dkms.install "$@"
}
image=/lib/modules/$KVER/vmlinuz
entry=/boot/0123456789abcdef0123456789abcdef/$KVER

for release in 239 249 252 257 262; do
    step "release $release"
    plugin $release remove $KVER $entry
    [ -z "$(dkms status -k $KVER | grep ', ')" ] || fail 'it is still built'
    plugin $release add $KVER $entry $image
    installed blink 1.0 $KVER
    plugin $release add $KVER $entry $image /boot/microcode.img /boot/initrd.img
    installed blink 1.0 $KVER
    if [ $release -lt 250 ]; then
        # Plugins are called in reverse order: depmod's lists have gone.
        rm -f /lib/modules/$KVER/modules.{dep,alias,symbols}*
        plugin $release remove $KVER $entry
        [ -z "$(module_files blink $KVER)" ] || fail 'the module remains'
        depmod $KVER
    fi
done
plugin 262 add $KVER $entry $image
settled

step 'masked by an administrator: the kernel gets its module by our trigger, and loses it so'
ln -s /dev/null /etc/kernel/install.d/40-dkms.install
rpm -e kernel-core kernel-devel
[ ! -e /lib/modules/$KVER ] || fail "leftovers: $(find /lib/modules/$KVER)"
settled
rpm -i kernel-devel-*.rpm kernel-core-*.rpm
installed blink 1.0 $KVER && settled
