. /e2e/inside.sh
install_ours
module_source blink 1.0
dkms add ./blink-1.0
kernel=$(kernels | tail -n 1)
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
remember

ends_with 0 nobody dkms status
told '^blink/1.0: added$'
for action in build install uninstall unbuild remove; do
    ends_with 1 nobody dkms "$action" blink/1.0 -k "$kernel"
    told 'root|[Pp]ermission|write'
done
ends_with 1 nobody dkms autoinstall -k "$kernel"
told 'root'
unchanged

step 'packages are made by anybody'
cp -r blink-1.0 /tmp/blink-1.0
cd /tmp
ends_with 0 nobody dkms mkdeb /tmp/blink-1.0 --output /tmp
ends_with 0 nobody dkms mkrpm /tmp/blink-1.0 --output /tmp
dpkg-deb -c ./*.deb | grep -q 'root/root.*usr/src/blink-1.0/dkms.conf' || fail 'files should belong to root'
ends_with 9 nobody dkms mkdeb /tmp/blink-1.0 --output /root/x.deb
