# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
read -r first second _ < <(kernels | xargs)
source_rpm blink 1.0 1 one && FAILS_ON=$first source_rpm blink 2.0 1 two && source_rpm blink 2.0 2 three

step 'a package that merely brings its source'
rpm -U blink-dkms-1.0-1.rpm
installed blink 1.0
ends_with 0 rpm -U blink-dkms-2.0-1.rpm
installed blink 2.0 "$second"
failed_and_serves blink 2.0 1.0 one "$first"

step 'and it goes back, with nothing that would have to be built there'
rpm -U --oldpackage blink-dkms-1.0-1.rpm
only blink 1.0 one && settled

step 'mended'
rpm -U blink-dkms-2.0-2.rpm
only blink 2.0 three && settled
rpm -e blink-dkms
gone blink && settled
