# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
source_rpm blink 1.0 1 one && source_rpm blink 1.0 2 two && source_rpm blink 2.0 1 three && source_rpm wink 3.1 1 hey

# With modules of their own, as kernels with an image have them.
for kernel in $(kernels); do touch "/lib/modules/$kernel/modules.order" && depmod "$kernel"; done

step 'install'
ends_with 0 rpm -i blink-dkms-1.0-1.rpm
only blink 1.0 one && settled

step 'the same version with another source'
rpm -U blink-dkms-1.0-2.rpm
only blink 1.0 two && settled

step 'another version, and a second module: one depmod for each kernel'
strace -f -o /tmp/trace -e trace=execve rpm -U blink-dkms-2.0-1.rpm wink-dkms-3.1-1.rpm
only blink 2.0 three && only wink 3.1 hey && settled
[ "$(grep -c 'execve("[^"]*depmod".*\( = 0\|<unfinished \.\.\.>\)$' /tmp/trace)" -eq "$(kernels | wc -l)" ] || fail "depmods: $(grep depmod /tmp/trace)"
rm /tmp/trace

step 'reinstall, downgrade'
rpm -U --replacepkgs blink-dkms-2.0-1.rpm
only blink 2.0 three && settled
rpm -U --oldpackage blink-dkms-1.0-1.rpm
only blink 1.0 one && settled

step 'reinstall of ours, which owns the triggers: nothing is taken for gone, nothing is built again'
stamps() { find /lib/modules /var/lib/dkms -name '*.ko*' -exec stat -c '%n %y' {} + | sort; }
stamps >/tmp/stamps
rpm -U --replacepkgs /packages/dkms-rs.rpm
diff /tmp/stamps <(stamps) || fail 'modules were touched'
settled

step 'erase'
rpm -e blink-dkms
gone blink && settled

step 'ours and the module in one transaction: the module was gone before anything of ours ran last'
ends_with 0 rpm -e --nodeps dkms-rs wink-dkms
[ -z "$(find /lib/modules/ -name 'wink.ko*')" ] || fail 'wink.ko remains'
[ ! -e /usr/src/wink-3.1 ] || fail 'its source remains'
