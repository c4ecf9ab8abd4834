. /e2e/inside.sh
module_source blink 1.0
head -c 500000 /dev/urandom >blink-1.0/table.bin
mkdir small
mount -t tmpfs -o size=200k small small

for format in mkdeb mkrpm; do
    step "$format"
    code=0
    output=$(/packages/dkms "$format" ./blink-1.0 --output small 2>&1) || code=$?
    printf '%s\n(exit %s)\n' "$output" "$code"
    [ "$code" -ne 0 ] || fail 'it fits: nothing was tested'
    told '[Nn]o space left|disk is full'
    [ -z "$(ls -A small)" ] || fail "left behind: $(ls -A small)"
done

step 'the same for temporary files'
mount -t tmpfs -o size=100k small /tmp
tar czf blink.tar.gz blink-1.0
for format in mkdeb mkrpm; do
    code=0
    output=$(/packages/dkms "$format" blink.tar.gz --output /root 2>&1) || code=$?
    printf '%s\n(exit %s)\n' "$output" "$code"
    [ "$code" -eq 0 ] || told '[Nn]o space left|disk is full'
    [ "$(find /tmp -mindepth 1 | wc -l)" -eq 0 ] || fail "left behind: $(ls -A /tmp)"
done
