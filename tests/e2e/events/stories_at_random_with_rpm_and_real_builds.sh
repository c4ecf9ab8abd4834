# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
source_rpm blink 1.0 1 one && source_rpm blink 1.0 2 two && source_rpm blink 2.0 1 three
ALL_KERNELS=yes source_rpm wink 3.1 1 hey usual && ALL_KERNELS=yes source_rpm wink 3.1 2 there usual
rpm -i blink-dkms-1.0-1.rpm
install='rpm -U --oldpackage --replacepkgs'
core=kernel-core-6.5.0-1.fc39.x86_64.rpm devel=kernel-devel-6.5.0-1.fc39.x86_64.rpm
stories 496 10 \
    "$install blink-dkms-1.0-1.rpm" "$install blink-dkms-1.0-2.rpm" "$install blink-dkms-2.0-1.rpm" 'rpm -e blink-dkms' \
    "$install wink-dkms-3.1-1.rpm" "$install wink-dkms-3.1-2.rpm" 'rpm -e wink-dkms' \
    "$install $core $devel" "$install $devel" 'rpm -e kernel-core kernel-devel' 'rpm -e kernel-devel' 'rpm -e kernel-core'
