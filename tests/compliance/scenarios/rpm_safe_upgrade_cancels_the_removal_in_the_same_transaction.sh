# Both calls under one process named rpm, as in an upgrade to a new release of the same version.
quick blink 1.0
cp "$(command -v bash)" /usr/local/bin/rpm
cat >/root/transaction <<END
dkms add blink/1.0 --rpm_safe_upgrade
dkms install blink/1.0 -k $K --rpm_safe_upgrade
dkms remove blink/1.0 --all --rpm_safe_upgrade
echo "removal \$?"
END
run 0 /usr/local/bin/rpm /root/transaction
is_status "blink/1.0, $K, $ARCH: installed"
run 0 dkms remove blink/1.0 --all --rpm_safe_upgrade
is_status ''
