# when: nightly
. /e2e/inside.sh

compiled() { find /var/lib/dkms/blink/*/*/*/log/make.log -printf '%p %T@\n' | sort; }

step 'a module package, removed and installed again'
install_ours
tarball blink 1.0 one && dkms mkdeb blink-1.0.tar.gz --output first.deb
apt_install ./first.deb
installed blink 1.0
compiled >/tmp/first
apt_remove blink-dkms
gone blink
apt_install ./first.deb
installed blink 1.0
compiled | diff /tmp/first - || fail 'it was compiled again'

step 'the packages of a kernel, removed and installed again'
kernel=$(kernels | tail -n 1)
/etc/kernel/prerm.d/dkms "$kernel" "/boot/vmlinuz-$kernel"
[ -z "$(dkms status -k "$kernel" | grep installed)" ] || fail 'the kernel keeps its module'
/etc/kernel/postinst.d/dkms "$kernel" "/boot/vmlinuz-$kernel"
installed blink 1.0
compiled | diff /tmp/first - || fail 'it was compiled again'

step 'without what was kept it takes longer, no more'
apt_remove blink-dkms
rm -rf /var/lib/dkms/.finished
apt_install ./first.deb
installed blink 1.0
! compiled | diff -q /tmp/first - >/dev/null || fail 'it was not compiled, though nothing was kept'
