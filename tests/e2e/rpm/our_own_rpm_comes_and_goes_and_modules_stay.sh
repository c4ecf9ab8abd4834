# when: nightly
. /e2e/inside.sh

step 'a package that needs dkms is refused without one'
rpm -U /packages/distribution.rpm
tarball blink 1.0 one && /packages/dkms mkrpm blink-1.0.tar.gz --output blink.rpm
ends_with 1 rpm -U blink.rpm
told 'dkms.* is needed by'

step 'in one transaction with ours, it builds'
rpm -U /packages/dkms-rs.rpm blink.rpm
only blink 1.0 one
rpm -V dkms-rs

step 'reinstall of ours'
rpm -U --replacepkgs /packages/dkms-rs.rpm
only blink 1.0 one

step 'two module packages in one transaction'
tarball wink 3.1 hey && dkms mkrpm wink-3.1.tar.gz --output wink.rpm
tarball blink 1.1 two && dkms mkrpm blink-1.1.tar.gz --output newer.rpm
rpm -U wink.rpm newer.rpm
only blink 1.1 two
only wink 3.1 hey

step 'ours goes, modules stay'
rpm -e --nodeps dkms-rs
for name in blink wink; do
    for kernel in $(kernels); do [ -f "$(module_files "$name" "$kernel")" ] || fail "$name for $kernel is gone"; done
done

step 'and their packages can be erased without it'
rpm -e wink-dkms blink-dkms
