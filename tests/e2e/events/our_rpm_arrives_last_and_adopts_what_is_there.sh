. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm
source_rpm blink 1.0 1 one && source_rpm wink 3.1 1 hey

step 'the source was there before ours'
rpm -i --nodeps blink-dkms-1.0-1.rpm
rpm -U /packages/dkms-rs.rpm
only blink 1.0 one && settled

step 'ours is erased: its module stays, and it says so'
ends_with 0 rpm -e --nodeps dkms-rs
for kernel in $(kernels); do [ -f "$(module_files blink "$kernel")" ] || fail "blink for $kernel is gone"; done
told 'blink'

step 'and comes back together with another module: nothing that is there is built again'
find /lib/modules -name 'blink.ko*' -exec stat -c '%n %y %i' {} + >/tmp/stamps
rpm -U /packages/dkms-rs.rpm wink-dkms-3.1-1.rpm
only blink 1.0 one && only wink 3.1 hey && settled
diff /tmp/stamps <(find /lib/modules -name 'blink.ko*' -exec stat -c '%n %y %i' {} +) || fail 'blink was built again'
