# shellcheck shell=bash
# root: shell
# Eight independent small modules for one kernel on two processors, beside what the compiler alone needs.
first=$(basename "$(dirname "$(echo /lib/modules/*-cloud-*/build)")")
modules=(b1 b2 b3 b4 b5 b6 b7 b8)
source_of "${modules[@]}"
for name in "${modules[@]}"; do dkms add "$name/1.0" >/dev/null; done

# What each run begins with: sources registered, nothing built, nothing kept from earlier runs.
forget="$unbuilt; "'rm -rf /root/bare; mkdir /root/bare; cp -a /usr/src/b[1-8]-1.0 /root/bare'
# shellcheck disable=SC2016 # expanded by the inner shell
bare() { fastest -n "$1" -p "$forget" bash -c "ls -d /root/bare/* | xargs -P 2 -I @ make -C /lib/modules/$first/build M=@ modules"; }
rounds=5

title "autoinstall of ${#modules[@]} independent small modules, at most two makes at once"
heading 'bare makes'
# Before and after ours, so that a machine that is busy for a while is no advantage of either side.
before=$(bare "$rounds")
ours=$(fastest -n $((2 * rounds)) -p "$forget" taskset -c 0,1 $OURS autoinstall -k "$first")
after=$(bare "$rounds")
row 'autoinstall, modules stripped, installed, depmod run' "$(printf '%s\n' "$before" "$after" | sort -g | head -n 1)" "$ours" '0.87x'
heading original
row 'the same by the shell DKMS' "$(fastest -n 2 -p "$forget" dkms autoinstall -k "$first")" "$ours"
sh -c "$forget"
line 'memory of autoinstall, without its makes' "$(memory $OURS autoinstall -k "$first")" MiB 30
[ "$($OURS status | grep -c ': installed$')" -eq 8 ] || { echo 'not what was to be measured'; exit 1; }
