. /e2e/inside.sh
. /e2e/transactions.sh
. /e2e/first_dialect.sh
plain=$(uname_of_headers) smp=6.1.0-99-686-smp
# Two kernels are enough.
find /lib/modules -mindepth 1 -maxdepth 1 ! -name "$plain" -exec rm -r {} +
headers_of "$smp"
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm

step 'an archive, a dkms.conf beside it, and a version with a leading v'
driver_of_2003
dkms mkrpm qlx2x00src-v6.04.00.tgz -c qlx.conf --output qlx.rpm
[ "$(rpm -qp --qf '%{name} %{version}' qlx.rpm)" = 'qlx2x00-dkms 6.04.00' ] || fail 'name or version'
rpm -qpl qlx.rpm | grep -x /usr/src/qlx2x00-v6.04.00/dkms.conf || fail 'the source lies elsewhere'

step 'installed: the kernel decides over command and patches'
rpm -U qlx.rpm
made "$plain" 'made plainly, patched always'
made "$smp" 'made for-smp, patched always and for smp'
rpm -V qlx2x00-dkms

step 'and away'
rpm -e qlx2x00-dkms
gone qlx2x00
