. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
read -r first second _ < <(kernels | xargs)
source_deb blink 1.0 1 one && source_deb blink 2.0 1 two
apt_install ./blink-dkms_1.0-1.deb
installed blink 1.0

step 'the headers of one kernel are not there when the new version comes'
mv "/lib/modules/$first/build" /root/
mkdir -p "/lib/modules/$first/kernel" && touch "/lib/modules/$first/modules.order"
apt_install ./blink-dkms_2.0-1.deb
installed blink 2.0 "$second"
serves blink 1.0 one "$first"
ends_with 1 dkms check
told "blink/2.0 for $first: waiting for"
/usr/lib/dkms/event kernel header_postinst "$second"
/usr/lib/dkms/event start
serves blink 1.0 one "$first"

step 'they come'
mv /root/build "/lib/modules/$first/"
/usr/lib/dkms/event kernel header_postinst "$first"
installed blink 2.0 && says blink two && settled
