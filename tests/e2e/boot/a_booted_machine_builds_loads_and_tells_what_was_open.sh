# root: booted
# when: nightly
# at most: 2400
. /e2e/inside.sh
. /e2e/boot.sh
. /e2e/vm.sh
# What a line of the journal is about, as dkms(8) has it.
INSTALLED=83d13827e4efb616568c09f84e0eb156
FAILED=6402321a49e9e716937fbd8915e42d44
install_ours
image
only_this_kernel

step 'two modules that are added and not built: one that modules-load.d names, and one that does not compile'
module_source blink 1.0 'blink says hello'
module_source wrong 1.0
sed -i 's/pr_info/pr_inof/' wrong-1.0/wrong.c
for source in blink wrong; do
    cp -r "$source-1.0" /usr/src/
    ends_with 0 dkms add "$source/1.0"
done
echo blink >/etc/modules-load.d/blink.conf
[ -e /etc/systemd/system/multi-user.target.wants/dkms.service ] || fail 'the unit is not enabled'
disk

# What each start is asked; its lines begin with what they tell.
cat >asked <<'SCRIPT'
said() { sed "s/^/$1: /"; }
journalctl --sync
echo "state: $(systemctl is-system-running --wait)"
systemctl --failed --plain --no-legend | said failed
systemctl show dkms.service -p Result -p ExecMainStatus -p ActiveState -p CPUUsageNSec | said unit
journalctl -b -u dkms.service -o json --output-fields=MESSAGE,MESSAGE_ID,MODULE,MODULE_VERSION,KERNEL,PRIORITY,SYSLOG_IDENTIFIER | said json
journalctl -b -o cat -t dkms | sort | uniq -d | said twice
journalctl -b -o cat | grep -c "pr_inof" | said pr_inof
journalctl -b -k -o cat | grep 'says hello' | said kernel
grep '^blink ' /proc/modules | said loaded
dkms status | said status
find /var/lib/dkms /lib/modules/*/updates -type f ! -path '*/.*' -printf '%p %T@\n' | sort | sha256sum | said files
systemd-analyze time | said time
# An emulator translates each program anew: that is most of what a short one takes here.
TIMEFORMAT='dkms -V: %R s'
{ time dkms -V >/dev/null; } 2>&1 | said alone
systemd-analyze blame | grep -E 'dkms|modules-load' | said blame
systemd-analyze critical-chain dkms.service | said chain
SCRIPT

step 'the first start builds, installs and loads'
start first <asked
# seen_in START COUNT REGEX: so many lines of it.
seen_in() { [ "$(grep -cE -- "$3" "$1.console")" -eq "$2" ] || fail "not $2 lines in the start $1: $3"; }
on first '^loaded: blink '
on first '^kernel: blink says hello$|^kernel: .*says hello'
on first "^status: blink/1.0, $KERNEL, x86_64: installed"
on first '^status: wrong/1.0: added'
seen_in first 0 '^twice: '
seen_in first 1 "^json: .*\"MESSAGE_ID\":\"$INSTALLED\""
seen_in first 1 "^json: .*\"MESSAGE_ID\":\"$FAILED\""
for field in '"MODULE":"blink"' '"MODULE_VERSION":"1.0"' "\"KERNEL\":\"?.*$KERNEL" '"SYSLOG_IDENTIFIER":"dkms"'; do
    grep "$INSTALLED" first.console | grep -qE "$field" || fail "the line of what was installed has no $field"
done
for field in '"MODULE":"wrong"' "\"KERNEL\":\"?.*$KERNEL" '"PRIORITY":"3"' 'pr_inof' 'dkms why wrong/1.0'; do
    grep "$FAILED" first.console | grep -qE "$field" || fail "the line of what failed has no $field"
done
on first '^pr_inof: 1$'
! grep '^json: ' first.console | grep -vE '"SYSLOG_IDENTIFIER":"(dkms|systemd)"' || fail 'a line under another name'
on first '^unit: Result=exit-code$'

step 'the second compiles nothing, and tells what failed as known'
cat asked - >asked.second <<'SCRIPT'
dkms remove wrong/1.0
# What was read is read once: the next run knows it.
/usr/lib/dkms/event start
SCRIPT
start second <asked.second
on second '^loaded: blink '
[ "$(grep '^files: ' first.console)" = "$(grep '^files: ' second.console)" ] || fail 'something was made anew'
seen_in second 0 "^json: .*\"MESSAGE_ID\":\"$INSTALLED\""
seen_in second 1 "^json: .*\"MESSAGE_ID\":\"$FAILED\""
grep "$FAILED" second.console | grep -q '"PRIORITY":"4".*not built again\|not built again.*"PRIORITY":"4"' ||
    fail 'what failed before is not told as such'

step 'the third has nothing to do, the fourth has no unit at all'
start third <asked
on third '^unit: Result=success$'
on third '^state: running$'
seen_in third 0 '"SYSLOG_IDENTIFIER":"dkms"'
start fourth systemd.mask=dkms.service <asked
on fourth '^state: running$'

step 'measured'
for one in first second third fourth; do
    grep -E '^(time: Startup|blame: |alone: |unit: CPUUsageNSec)' "$one.console" | sed "s/^/$one start: /"
done
