# root: shell
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
# An RPM with the scriptlets that packages for the shell original usually have: the old package's %preun runs after the new
# one's %post, and takes away what that has installed.
rpm -U /packages/distribution.rpm
ALL_KERNELS=yes source_rpm blink 1.0 1 one usual && ALL_KERNELS=yes source_rpm blink 1.0 2 two usual
ALL_KERNELS=yes source_rpm wink 1.0 1 one safe && ALL_KERNELS=yes source_rpm wink 1.0 2 two safe

upgrade() {
    rpm -i "$1-dkms-1.0-1.rpm"
    only "$1" 1.0 one && settled
    rpm -U "$1-dkms-1.0-2.rpm"
    only "$1" 1.0 two && settled
}
reinstall() {
    rpm -U --replacepkgs "$1-dkms-1.0-2.rpm"
    only "$1" 1.0 two && settled
}

rpm -U /packages/shell-dkms.rpm
original_fails upgrade blink
told 'FAILED: blink/1.0 is not installed'
[ -z "$(dkms status -m blink)" ] || fail 'the original lost nothing'
rpm -e blink-dkms
original_fails upgrade wink
# It survives, but built from the source that was there before, and a note of it leaks in /tmp.
told 'FAILED: (wink .* does not say two|left over: /tmp/dkms_rpm_safe_upgrade)'

step 'ours'
rpm -e wink-dkms shell-dkms
apt-get -q -y purge dkms && rm -rf /var/lib/dkms /tmp/dkms_rpm_safe_upgrade*
rpm -U /packages/dkms-rs.rpm
upgrade blink && reinstall blink
upgrade wink && reinstall wink
rpm -e blink-dkms wink-dkms
gone blink && gone wink && settled
