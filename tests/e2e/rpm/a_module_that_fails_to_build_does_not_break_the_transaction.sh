. /e2e/inside.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm

step 'a good and a bad module in one transaction'
tarball wink 3.1 hey && dkms mkrpm wink-3.1.tar.gz --output wink.rpm
module_source blink 1.0
echo 'this is not C' >>blink-1.0/blink.c
dkms mkrpm blink-1.0 --output blink.rpm
ends_with 0 rpm -U blink.rpm wink.rpm
told 'blink'
only wink 3.1 hey
dkms status -m blink | grep -q '^blink/1.0: added$' || fail 'blink should be added'

step 'the repaired one installs, and both leave'
tarball blink 1.0 fixed && dkms mkrpm blink-1.0.tar.gz --release 2 --output repaired.rpm
rpm -U repaired.rpm
only blink 1.0 fixed
rpm -e blink-dkms wink-dkms
gone blink
gone wink
