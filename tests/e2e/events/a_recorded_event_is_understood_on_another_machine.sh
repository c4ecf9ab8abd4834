. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
module_source blink 1.0 one && mv blink-1.0 /usr/src/ && dkms add blink/1.0

step 'what a file trigger was given is kept, and goes on'
mkdir /root/kept
printf '%s\n' /usr/src/blink-1.0 /usr/src/blink-1.0/dkms.conf /usr/src/blink-1.0/blink.c |
    /usr/lib/dkms/event --record /root/kept rpm-trigger transfiletriggerin 0
installed blink 1.0
file=$(echo /root/kept/*.json)
[ -f "$file" ] || fail 'not one file'
grep -q '"/usr/src/blink-1.0/blink.c"' "$file" && grep -q '"running"' "$file" || fail 'something is missing in it'
cat "$file"

step 'shown again: what was decided then, and what would be done here'
ends_with 0 dkms event replay "$file" --dry-run
told '^# event: rpm-trigger transfiletriggerin 0'
told '^#   install +blink/1.0 for'
dkms remove blink/1.0 --all && rm -rf /usr/src/blink-1.0
ends_with 0 dkms event replay "$file" --dry-run
told '^#   install +blink/1.0 for'
! grep -q '^install' <<<"$output" || fail 'there is nothing to install here'

step 'it is never done again, and other files are refused'
ends_with 64 dkms event replay "$file"
told 'shown, not done again'
echo '{}' >other.json
ends_with 64 dkms event replay other.json --dry-run
told 'is not a recorded event'
ends_with 64 dkms event --record

step 'a kernel hook with its environment'
DPKG_MAINTSCRIPT_NAME=postrm DEB_MAINT_PARAMS='upgrade 1.2' SECRET=x /usr/lib/dkms/event --record one.json kernel postrm 6.1 /boot/x >told 2>&1
[ ! -s told ] || fail "it says: $(cat told)"
grep -q 'upgrade 1.2' one.json && ! grep -q SECRET one.json || fail 'the wrong variables'
ends_with 0 dkms event replay one.json --dry-run
told 'is replaced'
settled
