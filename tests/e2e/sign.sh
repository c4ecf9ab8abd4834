# shellcheck shell=bash
# sign.sh: what the scenarios of signatures share; sourced after inside.sh.

KERNEL=$(kernels | grep cloud)
SIGN_FILE=/usr/lib/linux-kbuild-$(cut -d. -f1,2 <<<"$KERNEL")/scripts/sign-file
FRAMEWORK=/etc/dkms/framework.conf.d/sign.conf

# fresh [SETTING...]: blink is not there, nor any key of ours; these are the only settings.
fresh() {
    dkms remove blink/1.0 --all >/dev/null 2>&1 || :
    rm -f /var/lib/dkms/mok.*
    printf '%s\n' "$@" >"$FRAMEWORK"
}

install_blink() { ends_with 0 dkms install blink/1.0 -k "$KERNEL"; }
blink() { module_files blink "$KERNEL"; }

# plain FILE: the module without its compression.
plain() {
    case $1 in
        *.xz) xz -dc "$1" ;;
        *.gz) gzip -dc "$1" ;;
        *.zst) zstd -qdc "$1" ;;
        *) cat "$1" ;;
    esac
}

# split FILE: its module to /tmp/content, its signature to /tmp/signature (the kernel's include/linux/module_signature.h: the
# signature, twelve bytes of which the last four are its length, a line of text).
split() {
    local whole size length text=$'~Module signature appended~\n'
    plain "$1" >/tmp/whole
    whole=$(stat -c %s /tmp/whole)
    tail -c ${#text} /tmp/whole | cmp -s - <(printf %s "$text") || return 1
    length=$((16#$(tail -c $((${#text} + 4)) /tmp/whole | head -c 4 | od -An -tx1 | tr -d ' ')))
    size=$((whole - ${#text} - 12 - length))
    head -c "$size" /tmp/whole >/tmp/content
    tail -c +$((size + 1)) /tmp/whole | head -c "$length" >/tmp/signature
}

# signed_by FILE KEY CERTIFICATE [HASH]: openssl finds the signature right, and the kernel's own sign-file makes the same.
signed_by() {
    local file=$1 key=$2 certificate=$3 hash=${4-sha256}
    split "$file" || fail "$file is not signed"
    openssl x509 -in "$certificate" -out /tmp/certificate.pem || openssl x509 -inform DER -in "$certificate" -out /tmp/certificate.pem
    openssl cms -verify -binary -inform DER -in /tmp/signature -content /tmp/content -certfile /tmp/certificate.pem -nointern -noverify \
        -out /dev/null 2>/dev/null || fail "openssl does not accept the signature of $file"
    # Not the file itself: Debian's kmod knows no gzip.
    cp /tmp/whole /tmp/whole.ko
    [ "$(modinfo -F sig_hashalgo /tmp/whole.ko)" = "$hash" ] || fail "not $hash: $(modinfo -F sig_hashalgo /tmp/whole.ko)"
    cp /tmp/content /tmp/again
    "$SIGN_FILE" "$hash" "$key" "$certificate" /tmp/again
    cmp /tmp/again /tmp/whole || fail 'the kernel'"'"'s sign-file makes another signature'
}

unsigned() { ! split "$(blink)" || fail 'it is signed'; }
