# root: shell dnf
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rm -f /etc/os-release && printf 'ID=fedora\nVERSION_ID=39\n' >/etc/os-release
KVER=6.5.0-1.fc39.x86_64
kernel_rpms $KVER
source_rpm blink 1.0 1 one
repository ./*.rpm
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
dnf install blink-dkms
settled

step 'the kernel alone: what is missing is named by the transaction, by status and by check'
ends_with 0 rpm -i kernel-core-*.rpm
told "blink/1.0 for $KVER: waiting for kernel-devel-uname-r = $KVER"
settled
ends_with 1 dkms check
told "waiting for kernel-devel-uname-r = $KVER"
missing=$(dkms status --json | sed -n 's/.*"on": "\(.*\)",\{0,1\}$/\1/p')
[ "$missing" = "kernel-devel-uname-r = $KVER" ] || fail "the document says '$missing'"

step 'dnf takes these words, and the event that brings the headers does what waited'
dnf install "$missing"
installed blink 1.0 $KVER
settled
ends_with 0 dkms check
[ -z "$(dkms status 2>&1 >/dev/null)" ] || fail 'something waits still'
