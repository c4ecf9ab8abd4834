# Any archive that holds a dkms.conf; several compressions.
for pair in gz:gzip xz:xz zst:zstd bz2:bzip2; do
    name=m${pair%:*}
    source_in "/root/$name-1.0" "$name" 1.0
    tar -C /root -cf "$name.tar" "$name-1.0"
    "${pair#*:}" -q "$name.tar"
    rm -rf "$name-1.0"
done
run 0 dkms add mgz.tar.gz
run 0 dkms add mxz.tar.xz
run 0 dkms add /root/mbz2.tar.bz2
run 0 dkms add ./mzst.tar.zst
is_status "$(printf '%s/1.0: added\n' mbz2 mgz mxz mzst)"
run 3 dkms add mgz.tar.gz
run 1 dkms add absent.tar.gz
echo nonsense >nonsense.tar.gz
run 3 dkms add nonsense.tar.gz
mkdir plain && touch plain/file && tar czf plain.tar.gz plain
run 7 dkms add plain.tar.gz
