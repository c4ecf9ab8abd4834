# when: nightly
. /e2e/inside.sh
. /e2e/sign.sh
install_ours
module_source blink 1.0
cp -r blink-1.0 /usr/src/
own=/lib/modules/$KERNEL/kernel/drivers/net

# Who runs a tool leaves a note.
for tool in gzip xz zstd; do
    printf '#!/bin/sh\necho "%s $*" >>/tmp/tools\nexec /usr/bin/%s "$@"\n' $tool $tool >/usr/local/bin/$tool
    chmod 755 /usr/local/bin/$tool
done
ends_with 0 dkms install blink/1.0 -k "$KERNEL"
cp "$(blink)" /tmp/some.ko

# kernel_with COMMAND...: the kernel's only module is compressed as the kernel's makefile does it (scripts/Makefile.modinst).
kernel_with() {
    rm -rf "$own" /tmp/tools
    mkdir -p "$own"
    cp /tmp/some.ko "$own/dummy.ko"
    /usr/bin/"$@" "$own/dummy.ko"
    fresh
}

# form FILE: what the file's own tool says of how it is made.
form() {
    case $1 in
        *.xz) /usr/bin/xz --robot -lvv "$1" | awk '/^file/ {print $7} /^block/ {print $NF}' ;;
        *.gz) od -An -tx1 -N10 "$1" ;;
        *.zst) /usr/bin/zstd -lv "$1" 2>&1 | grep -E 'Check|Window' | tr -s ' ' ;;
    esac
}

while read -r suffix command; do
    step "$suffix"
    # shellcheck disable=SC2086 # a command line
    kernel_with $command
    install_blink
    file=$(blink)
    [[ $file == *.ko$suffix ]] || fail "not as the kernel's own: $file"
    [ ! -e /tmp/tools ] || fail "a tool was run: $(cat /tmp/tools)"
    form "$own/dummy.ko$suffix"
    form "$file"
    case $suffix in
        .xz) [ "$(form "$file")" = "$(form "$own/dummy.ko.xz")" ] || fail 'made otherwise than by the kernel' ;;
        # No name, no time (RFC 1952, 2.3).
        .gz) [[ $(form "$file") == ' 1f 8b 08 00 00 00 00 00 '* ]] || fail 'a name or a time is in it' ;;
        .zst) form "$file" | grep -q 'Check: XXH64' || fail 'no checksum' ;;
    esac
    # Debian's kmod is built without zlib.
    [ "$suffix" = .gz ] || installed blink 1.0 "$KERNEL"
    signed_by "$file" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub || fail 'compressed before it was signed'
done <<'FORMS'
.xz xz --check=crc32 --lzma2=dict=1MiB
.gz gzip -n
.zst zstd --rm -q
FORMS

step 'options of framework.conf run the tool itself'
while read -r suffix setting options command; do
    # shellcheck disable=SC2086 # a command line
    kernel_with $command
    fresh "$setting=\"${options//_/ }\""
    install_blink
    grep -qE "^[a-z]+ ${options//_/ } /.*/blink\.ko$" /tmp/tools || fail "run otherwise: $(cat /tmp/tools)"
    [ "$(wc -l </tmp/tools)" -eq 1 ] || fail 'more than once'
    [[ $(blink) == *.ko$suffix ]] || fail "$(blink)"
done <<'OPTIONS'
.xz compress_xz_opts --check=crc32_-9 xz
.gz compress_gzip_opts -3_--keep gzip
.zst compress_zstd_opts -q_-19_--rm zstd --rm -q
OPTIONS

step 'a tool that fails leaves the module as it is'
kernel_with xz
fresh 'compress_xz_opts="--no-such-option"'
install_blink
told 'stays uncompressed'
[[ $(blink) == *.ko ]] || fail "$(blink)"

step 'a change of the kernel'"'"'s form: one file of the module, in the new form'
kernel_with xz
ends_with 0 dkms install blink/1.0 -k "$KERNEL"
kernel_with_zst() { rm -rf "$own"; mkdir -p "$own"; cp /tmp/some.ko "$own/dummy.ko"; /usr/bin/zstd --rm -q "$own/dummy.ko"; }
kernel_with_zst
ends_with 0 dkms build blink/1.0 -k "$KERNEL" --force
ends_with 0 dkms install blink/1.0 -k "$KERNEL" --force
[[ $(blink) == *.ko.zst ]] || fail "not one file: $(blink)"
installed blink 1.0 "$KERNEL"
