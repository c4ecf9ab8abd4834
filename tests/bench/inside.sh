# shellcheck shell=bash
# inside.sh: what the groups of measurements share; sourced before each of them in its throw-away root. Ours is $OURS.
set -euo pipefail
exec </dev/null
OURS=/packages/dkms
ROUNDS=${ROUNDS-40}

# fastest [-n ROUNDS] [-p PREPARE] [-i FILE] CMD...: milliseconds of the fastest run, with FILE as its input.
fastest() {
    local option rounds=$ROUNDS prepare=() OPTIND=1
    while getopts n:p:i: option; do
        case $option in
            n) rounds=$OPTARG ;;
            p) prepare+=(-p "$OPTARG") ;;
            i) prepare+=(-i "$OPTARG") ;;
            *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    /packages/measure -t "$rounds" "${prepare[@]}" "$@" | cut -d ' ' -f 1
}
# memory CMD...: the most that CMD itself held, in MiB.
memory() { /packages/measure -m "$@"; }

title() { printf '\n%s\n' "$*"; }
# heading OTHER: over rows that compare.
heading() { printf '%-58s %12s %12s %9s %9s\n' '' "$1" dkms-rs ratio goal; }
# row WHAT THEIRS OURS [GOAL]: two times in milliseconds, and how many times longer theirs is.
row() {
    awk -v what="$1" -v a="$2" -v b="$3" -v goal="${4-}" 'BEGIN {printf "%-58s %12.3f %12.3f %8.2fx %9s\n", what, a, b, a / b, goal}'
}
# line WHAT VALUE UNIT [GOAL]: a figure of ours alone.
line() { printf '%-58s %12s %12s %9s %9s\n' "$1" '' "$2" "$3" "${4-}"; }

# A command that takes away what is built, and what is kept of earlier runs; sources stay registered.
unbuilt='rm -rf /var/lib/dkms/.[!.]* /var/lib/dkms/*/1.0/6.* /var/lib/dkms/*/1.0/build /var/lib/dkms/*/kernel-* /lib/modules/*/updates'

# source_of NAME...: minimal modules in /usr/src.
source_of() {
    local name
    for name; do
        mkdir -p "/usr/src/$name-1.0"
        printf 'PACKAGE_NAME="%s"\nPACKAGE_VERSION="1.0"\nDEST_MODULE_LOCATION="/updates"\nAUTOINSTALL="yes"\n' "$name" >"/usr/src/$name-1.0/dkms.conf"
        echo "obj-m := $name.o" >"/usr/src/$name-1.0/Makefile"
        printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nMODULE_VERSION("1.0");\n' >"/usr/src/$name-1.0/$name.c"
    done
}
