quick_in /opt/src/blink-1.0 blink 1.0
mkdir -p /opt/tree /etc/dkms/framework.conf.d
echo 'source_tree="/opt/src"' >/etc/dkms/framework.conf.d/10-a.conf
echo 'dkms_tree=/opt/tree' >/etc/dkms/framework.conf.d/20-b.conf
run 0 dkms install blink/1.0 -k "$K"
links /opt/tree/blink/1.0/source /opt/src/blink-1.0
has "/opt/tree/blink/1.0/$K/$ARCH/module/blink.ko" "$(at blink)"
shows 0 dkms status
