# shellcheck shell=bash
# What the room costs that builds run in: to enter it, and eight small modules from scratch with it and without.
first=$(basename "$(dirname "$(echo /lib/modules/*-cloud-*/build)")")
modules=(b1 b2 b3 b4 b5 b6 b7 b8)
source_of "${modules[@]}"
for name in "${modules[@]}"; do $OURS add "$name/1.0" >/dev/null; done
mkdir -p /etc/dkms/framework.conf.d
# level WORD: a command that has builds run at this level.
level() { echo "echo room=$1 >/etc/dkms/framework.conf.d/room.conf"; }
# least FIRST SECOND: the smaller one.
least() { printf '%s\n' "$@" | sort -g | head -n 1; }

entered() { fastest -n "$2" -p "$(level "$1")" $OURS room b1/1.0 -k "$first" -- true; }
built() { fastest -n 5 -p "$unbuilt; $(level "$1")" taskset -c 0,1 $OURS autoinstall -k "$first"; }
sh -c "$(level full)"
[ "$($OURS room b1/1.0 -k "$first" -- id -u 2>/dev/null)" != 0 ] || { echo 'no room of level full can be had here'; exit 1; }

title 'The room that builds run in'
heading 'without it'
# In turn, so that a machine that is busy for a while is no advantage of either side.
without=$(entered none 20) within=$(entered full 20)
without=$(least "$without" "$(entered none 20)") within=$(least "$within" "$(entered full 20)")
row 'a command where a module is built (dkms room)' "$without" "$within"
# Three rooms are entered for that one command, two of them once a run to see what this machine allows; without it, one is.
line 'of that, finding the level (once a run) and entering' "$(awk -v a="$without" -v b="$within" 'BEGIN {printf "%.1f", b - a}')" ms
line 'that for each of the two rooms more' "$(awk -v a="$without" -v b="$within" 'BEGIN {printf "%.1f", (b - a) / 2}')" ms 5
without=$(built none) within=$(built full)
without=$(least "$without" "$(built none)") within=$(least "$within" "$(built full)")
row "autoinstall of ${#modules[@]} independent small modules from scratch" "$without" "$within" '0.97x'
[ "$($OURS status | grep -c ': installed$')" -eq 8 ] || { echo 'not what was to be measured'; exit 1; }
