# shellcheck shell=bash
# confs-inside.sh [WORD...]: the part of `confs` that runs in the root. The files lie in /confs/PACKAGE/NAME-VERSION.
set -uo pipefail
shopt -s nullglob
arch=$(uname -m)

# The kernels under the names under which tests/fixtures/conf/debian knows them.
kernels=(6.1.0-56-amd64 6.12.117+deb12-amd64)
for kernel in "${kernels[@]}"; do
    [ ! -d "/lib/modules/$kernel/build" ] || continue
    series=$(cut -d . -f 1,2 <<<"$kernel")
    like=(/lib/modules/"$series".*[0-9]-amd64/build)
    mkdir -p "/lib/modules/$kernel"
    cp -P "${like[0]%/build}"/{build,source} "/lib/modules/$kernel/" 2>/dev/null
done
# West-chamber looks for the folder of xtables-addons.
cp -a /confs/xtables-addons-dkms/* /usr/src/

# plain < JSON: its directives as evaluate.sh prints them.
plain() {
    awk '/^  "directives": \{/ {on = 1; next} /^  \}/ {on = 0}
        on && /^    "[^"]*": \{/ {split($0, part, "\""); name = part[2]; next}
        on && /^      "[0-9]+": / {at = index($0, ": "); split($0, part, "\""); value = substr($0, at + 2); sub(/,$/, "", value)
            printf "%s[%s]=%s\n", name, part[2], value}' | LC_ALL=C sort
}

files=0 same=0 different=0 fixtures=0
declare -A shells=()
for conf in /confs/*/*/dkms.conf; do
    package=$(cut -d / -f 3 <<<"$conf")
    wanted=$([ $# -gt 0 ] || echo yes)
    for word; do [[ $package != *"$word"* ]] || wanted=yes; done
    [ "$wanted" ] || continue
    files=$((files + 1))
    for kernel in "${kernels[@]}"; do
        told=''
        /ours/dkms conf "$conf" -k "$kernel" --json >/tmp/ours.json 2>/tmp/ours.err || told="ours ends with $?: $(head -n 3 /tmp/ours.err)"
        plain </tmp/ours.json >/tmp/ours.vars
        bash /compliance/evaluate.sh "$conf" "$kernel" "$arch" >/tmp/bash.vars
        told+=$(diff /tmp/bash.vars /tmp/ours.vars | sed -n 's/^</bash:/p; s/^>/ours:/p')
        fixture=/fixtures/$package.$kernel.vars
        if [ -e "$fixture" ]; then
            fixtures=$((fixtures + 1))
            # Debian 12's DKMS does not know these yet.
            told+=$(diff "$fixture" <(grep -v '^BUILD_EXCLUSIVE_KERNEL_M[IA][NX]' /tmp/ours.vars) | sed -n 's/^</original:/p; s/^>/ours:    /p')
        fi
        if grep -q '"evaluated_by": "bash"' /tmp/ours.json; then shells[$package]=$(sed -n 's/^ *"what": "\(.*\)"$/\1/p' /tmp/ours.json | head -n 1); fi
        if [ -z "$told" ]; then
            same=$((same + 1))
        else
            different=$((different + 1))
            printf 'FAIL  %s for %s\n%s\n' "$package" "$kernel" "$(sed 's/^/      | /' <<<"$told")"
        fi
    done
done
echo "$files dkms.conf files for ${#kernels[@]} kernels: $same as bash has them ($fixtures of them also compared with the shell DKMS), $different not"
echo "${#shells[@]} of $files start a shell:"
for package in "${!shells[@]}"; do printf '    %-28s %s\n' "$package" "${shells[$package]}"; done | sort
[ "$different" -eq 0 ] && [ "$same" -gt 0 ]
