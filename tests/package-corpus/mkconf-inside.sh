# shellcheck shell=bash
# mkconf-inside.sh NAME [build]: one package of the corpus, inside the root. Lines `differs: WHAT …` are the result.
set -euo pipefail
shopt -s nullglob
dkms=/packages/dkms
kernel=$(basename "$(dirname "$(find /lib/modules -maxdepth 2 -name build ! -path '*cloud*' | sort | tail -n 1)")")
# Debian's packages are not for cloud kernels, all of them.
find /lib/modules -mindepth 1 -maxdepth 1 ! -name "$kernel" -exec rm -r {} +
dpkg-deb -x /debs/"$1"-dkms_*.deb /root/package
sources=(/root/package/usr/src/*/)
source=${sources[0]%/}
[ -f "$source/dkms.conf" ]

# value NAME CONF: a directive as `dkms conf` gives it.
value() { "$dkms" conf "$2" -k "$kernel" 2>/dev/null | sed -n "s/^$1='\\(.*\\)'\$/\\1/p"; }

# modules CONF FIELD: a line for each module; what it is (1) or where it goes (2).
modules() {
    "$dkms" conf "$1" -k "$kernel" 2>/dev/null | awk -v field="$2" -v package="$name" -F "='" '
        /^[A-Z_]+(\[[0-9]+\])?=/ {
            directive = $1
            index_ = 0
            if (match(directive, /\[[0-9]+\]/)) {
                index_ = substr(directive, RSTART + 1, RLENGTH - 2)
                directive = substr(directive, 1, RSTART - 1)
            }
            text = $2
            sub(/\047$/, "", text)
            value[directive, index_] = text
            if (directive ~ /^(BUILT|DEST)_MODULE/ && index_ + 0 > last) last = index_ + 0
        }
        END {
            for (i = 0; i <= last; i++) {
                built = value["BUILT_MODULE_NAME", i]
                if (built == "") built = package
                dest = value["DEST_MODULE_NAME", i]
                if (dest == "") dest = built
                folder = value["BUILT_MODULE_LOCATION", i]
                gsub(/^\/|\/$/, "", folder)
                if (field == 1) print folder "/" built " as " dest
                else print dest " in " value["DEST_MODULE_LOCATION", i]
            }
        }' | sort
}

# installed WHOSE: what dkms install puts below /lib/modules, into files.WHOSE.
installed() {
    "$dkms" install "$name/$version" -k "$kernel"
    (cd /lib/modules && find . -newer /root/before -name '*.ko*' | sort) >"/root/files.$1"
    "$dkms" remove "$name/$version" --all
    [ -s "/root/files.$1" ]
}

differs() { diff "$2" "$3" >/root/diff || printf 'differs: %s %s\n' "$1" "$(grep '^[<>]' /root/diff | tr '\n' ' ')"; }

name=$(value PACKAGE_NAME "$source/dkms.conf") version=$(value PACKAGE_VERSION "$source/dkms.conf")
mv "$source/dkms.conf" /root/theirs.conf
# What comes of it at the first try, without --force.
"$dkms" mkconf "$source" --name "$name" --version "$version" -o /root/first.conf 2>/root/refused ||
    echo "refused: $(grep -m 1 -E '^  ' /root/refused || head -n 1 /root/refused)"
# Debian leaves parts out that makefiles name.
"$dkms" mkconf "$source" --name "$name" --version "$version" --force -o /root/ours.conf
cat /root/ours.conf
for field in 1 2; do
    for side in theirs ours; do modules "/root/$side.conf" "$field" >"/root/$side.$field"; done
done
differs modules /root/theirs.1 /root/ours.1
differs locations /root/theirs.2 /root/ours.2
[ "${2-}" ] || exit 0

cp -a "$source" "/usr/src/$name-$version"
touch -d '1 hour ago' /root/before
for side in theirs ours; do
    cp "/root/$side.conf" "/usr/src/$name-$version/dkms.conf"
    installed "$side"
done
differs files /root/files.theirs /root/files.ours
