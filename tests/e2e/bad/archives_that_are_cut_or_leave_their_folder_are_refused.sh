. /e2e/inside.sh
install_ours
module_source blink 1.0
head -c 100000 /dev/urandom >blink-1.0/table.bin

# refused ARCHIVE WHAT: by packaging and by add, with the entry or reason named and nothing made.
refused() {
    step "$1"
    remember
    for action in mkdeb mkrpm; do
        ends_with 3 dkms "$action" "$1" --output /root/out
        told "$2"
        [ ! -e /root/out ] || fail 'there is output'
    done
    ends_with 3 dkms add "$1"
    told "$2"
    unchanged
    [ ! -e /tmp/escaped ] && [ ! -e /root/escaped ] && [ ! -e /usr/escaped ] || fail 'it escaped'
}

for suffix in tar.gz tar.xz tar.zst tar.bz2; do
    tar caf "whole.$suffix" blink-1.0
    head -c "$(($(stat -c %s "whole.$suffix") / 2))" "whole.$suffix" >"cut.$suffix"
    refused "cut.$suffix" 'cut|truncated|unexpected|incomplete|end of file|corrupt'
done

head -c 5000 /dev/urandom >noise.tar.gz
refused noise.tar.gz 'archive|gzip'

tar cf climbs.tar --transform 's,table.bin,../../../../tmp/escaped,' -P blink-1.0
refused climbs.tar '\.\./'

tar cPf absolute.tar --transform 's,^blink-1.0/table.bin,/tmp/escaped,' blink-1.0
refused absolute.tar '/tmp/escaped'

ln -s /tmp blink-1.0/way
tar cf link.tar blink-1.0
refused link.tar 'way'
rm blink-1.0/way

mknod blink-1.0/device c 1 3
tar cf device.tar blink-1.0
refused device.tar 'device'
rm blink-1.0/device

step 'and the whole one is fine'
dkms mkdeb whole.tar.xz --output .
dkms add whole.tar.xz
status_is 'blink/1.0: added'
