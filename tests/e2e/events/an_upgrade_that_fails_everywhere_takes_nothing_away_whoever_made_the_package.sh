# when: nightly
# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
mapfile -t all < <(kernels)

# made FORMAT GREETING VERSION: a package of ours.
made() {
    tarball blink "$3" "$2"
    dkms "mk$1" "blink-$3.tar.gz" --output "made-$3.$1"
}

step 'dpkg, with the scripts that mkdeb writes'
install_ours
made deb one 1.0 && FAILING=yes made deb two 2.0 && made deb three 3.0
dpkg -i made-1.0.deb
ends_with 0 dpkg -i made-2.0.deb
failed_and_serves blink 2.0 1.0 one "${all[@]}"
dpkg -i made-3.0.deb
installed blink 3.0 && says blink three && settled
dpkg -r blink-dkms
gone blink && settled

step 'dpkg, the same version from a source that fails'
usual_deb blink 1.0 1 one && FAILING=yes usual_deb blink 1.0 2 two
dpkg -i ./blink-dkms_1.0-1.deb
ends_with 0 dpkg -i ./blink-dkms_1.0-2.deb
serves blink 1.0 one "${all[@]}"
ends_with 2 dkms check
dpkg -r blink-dkms
gone blink && settled
apt-get -q -y purge dkms-rs && rm -rf /var/lib/dkms

step 'rpm, with the scriptlets that mkrpm writes, and those of packages for the shell original'
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
made rpm one 1.0 && FAILING=yes made rpm two 2.0
rpm -U made-1.0.rpm
ends_with 0 rpm -U made-2.0.rpm
failed_and_serves blink 2.0 1.0 one "${all[@]}"
rpm -e blink-dkms
gone blink && settled
export ALL_KERNELS=yes
source_rpm wink 1.0 1 one usual && FAILING=yes source_rpm wink 2.0 1 two usual && FAILING=yes source_rpm wink 1.0 2 two usual
rpm -U wink-dkms-1.0-1.rpm
installed wink 1.0
rpm -U wink-dkms-1.0-2.rpm || :
serves wink 1.0 one "${all[@]}"
rpm -U wink-dkms-2.0-1.rpm || :
failed_and_serves wink 2.0 1.0 one "${all[@]}"
rpm -e wink-dkms
gone wink && settled
