. /e2e/inside.sh
. /e2e/transactions.sh
# rpm 6 cannot run here: our triggers are called as it was seen to call them, with how many of our package are left, and in
# triggers of single packages how many of the other one.
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
# A line `NAME scriptlet (using …)` begins each.
scriptlet() { rpm -q --filetriggers dkms-rs | awk -v name="$1" '/ scriptlet \(using / { is_it = $1 == name; next } is_it'; }
# trigger NAME COUNT...: with paths on standard input.
trigger() {
    local name=$1
    shift
    scriptlet "$name" >/tmp/scriptlet
    [ -s /tmp/scriptlet ] || fail "there is no $name"
    cat /tmp/scriptlet
    ends_with 0 sh /tmp/scriptlet "$@"
}
module_source blink 1.0 one && cp -r blink-1.0 /usr/src/ && dkms add blink/1.0
paths() { printf '%s\n' /usr/src/blink-1.0 /usr/src/blink-1.0/dkms.conf; }

for counts in '0' '1' '2' '1 2'; do
    step "counts: $counts"
    read -ra words <<<"$counts"
    paths >/tmp/paths
    trigger transfiletriggerin "${words[@]}" </tmp/paths
    installed blink 1.0
    trigger transfiletriggerun "${words[@]}" </tmp/paths
    installed blink 1.0
    trigger transfiletriggerpostun "${words[@]}" </dev/null
    installed blink 1.0
    dkms uninstall blink/1.0 --all
done
dkms remove blink/1.0 --all
rm -rf /usr/src/blink-1.0 /tmp/paths /tmp/scriptlet
settled
