# root: dnf
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
read -r first second _ < <(kernels | xargs)
source_rpm blink 1.0 1 one && FAILS_ON=$first source_rpm blink 2.0 1 two && source_rpm wink 3.1 1 hey && source_rpm blink 2.0 2 three

step 'a new version that fails for one kernel, with another module in the same transaction'
repository blink-dkms-1.0-1.rpm
dnf install blink-dkms
installed blink 1.0
repository blink-dkms-2.0-1.rpm wink-dkms-3.1-1.rpm
dnf install blink-dkms-2.0 wink-dkms
installed blink 2.0 "$second" && installed wink 3.1
failed_and_serves blink 2.0 1.0 one "$first"

step 'mended'
repository blink-dkms-2.0-2.rpm wink-dkms-3.1-1.rpm
dnf upgrade blink-dkms
only blink 2.0 three && settled
dnf remove blink-dkms wink-dkms
gone blink && gone wink && settled
