# shellcheck shell=bash
# kit.sh: what the scenarios share; sourced by each of them inside its throw-away root.
#
# Every command that a scenario runs through `run` or `shows` is recorded on stdout: the command, its exit code and what it
# changed in the state of the system. The record of ours and that of the original are compared afterwards.
# What a scenario expects of ours (exit code, `says`, `has`, …) is checked on ours only.

set -uo pipefail
shopt -s nullglob
exec 3>&1 1>&2 </dev/null
cd /root

OURS=$([ "${DKMS_UNDER_TEST-ours}" = ours ] && echo yes)
# The two kernels that have headers, a kernel's own module `dummy` (version 1.0) and files of depmod.
K=$(basename /lib/modules/*-cloud-amd64)
L=$(basename "/lib/modules/${K%-cloud-amd64}-amd64")
ARCH=$(uname -m)
failures=0 number=0 output='' errors='' code=0
: >/tmp/state

# fail TEXT: something that must hold for ours does not.
fail() {
    [ "$OURS" ] || return 0
    printf 'FAILED: %s\n' "$*"
    failures=$((failures + 1))
}
trap '[ "$failures" -eq 0 ] || exit 99' EXIT

# Names that differ between machines.
plain() { sed "s/$K/KERNEL/g; s/$L/OTHER/g; s/$(uname -r)/RUNNING/g"; }
record() { printf '%02d %s\n' "$number" "$1" | plain >&3; }

# The state of the system, a line for each fact: status, DKMS tree, sources, files below /lib/modules, what depmod knows.
state() {
    local file dir
    dkms status 2>/dev/null | sed 's/^/status /'
    (
        cd /var/lib/dkms || exit
        # Contents of a source copy and of logs differ from tool to tool, names with a dot are private to each.
        find . -mindepth 1 -name '.?*' -prune -o -path './*/*/build/*' ! -name make.log -prune -o \
            -name 'mok.*' -prune -o -name dkms_dbversion -prune -o -name 'post_transaction.log' -prune -o \
            \( -type l -printf 'tree %P -> %l\n' -o -type d -printf 'tree %P/\n' -o -printf 'tree %P\n' \) |
            grep -v '^tree [^/]*/[^/]*/build/$'
    )
    for dir in /usr/src/*/dkms.conf; do printf 'source %s\n' "${dir%/dkms.conf}"; done
    while IFS= read -r file; do
        printf 'module %s %s\n' "${file#/lib/modules/}" "$(facts "$file")"
    done < <(find /lib/modules/*/ -name '*.ko*' ! -type d)
    for dir in /lib/modules/*/; do
        dir=$(basename "$dir")
        sed -n "s,^\([^:]*\.ko[^:]*\):.*,depmod $dir \1,p" "/lib/modules/$dir/modules.dep" 2>/dev/null
    done
}
facts() {
    [ ! -L "$1" ] || printf 'link=%s ' "$(readlink "$1")"
    modinfo "$1" 2>/dev/null | sed -n 's/^\(version\|srcversion\|sig_hashalgo\): */\1=/p' | tr '\n' ' '
    # Debugging sections are what STRIP takes away.
    case $1 in
        *.ko) [[ $(readelf -SW "$1" 2>/dev/null) != *' .debug_info '* ]] || printf debug ;;
        *) printf 'crc=%s' "$(case $1 in *.xz) xz -lvv "$1" | grep -o 'CRC[0-9]*' | head -n 1 ;; esac)" ;;
    esac
}

# What changed in the state since the last call, as lines with + and -. `quietly` takes it in without a record.
changes() {
    state | plain | LC_ALL=C sort -u >/tmp/state.new
    if [ "${1-}" != quietly ]; then
        LC_ALL=C comm -13 /tmp/state /tmp/state.new | sed "s/^/$(printf %02d "$number") + /" >&3
        LC_ALL=C comm -23 /tmp/state /tmp/state.new | sed "s/^/$(printf %02d "$number") - /" >&3
    fi
    mv /tmp/state.new /tmp/state
}

execute() {
    local want=$1
    shift
    [ "$number" -gt 0 ] || changes quietly
    number=$((number + 1))
    record "\$ $*"
    code=0
    "$@" >/tmp/out 2>/tmp/err || code=$?
    output=$(cat /tmp/out) errors=$(cat /tmp/err)
    printf '$ %s\n%s\n%s\n(exit %s)\n' "$*" "$output" "$errors" "$code"
    record "exit $code"
    [ "$want" = - ] || [ "$code" -eq "$want" ] || fail "step $number, exit $code instead of $want: $*"
}

# run CODE CMD...: runs and records CMD; ours must end with CODE (- : any).
run() {
    execute "$@"
    changes
}
# shows CODE CMD...: the same, and CMD's stdout belongs to the record.
shows() {
    execute "$@"
    [ -z "$output" ] || plain <<<"$output" | sed "s/^/$(printf %02d "$number") | /" >&3
    changes
}
# later CMD...: a change from outside that the scenario makes between two steps; not recorded.
later() {
    "$@" || fail "could not set up: $*"
    changes quietly
}

# For ours only: what the last command told, stdout and stderr together.
says() { grep -qiE -- "$1" <<<"$output"$'\n'"$errors" || fail "step $number does not say: $1"; }
silent() { [ -z "$output$errors" ] || fail "step $number is not silent: $output$errors"; }
printed() { [ "$output" = "$1" ] || fail "step $number prints '$output' instead of '$1'"; }
# For ours only: the whole status, as lines.
is_status() {
    local now
    now=$(dkms status 2>/dev/null)
    [ "$now" = "$1" ] || fail "step $number: status is '$now' instead of '$1'"
}
has() { local path; for path; do [ -e "$path" ] || [ -L "$path" ] || fail "step $number: $path is missing"; done; }
hasnt() { local path; for path; do [ ! -e "$path" ] || fail "step $number: $path exists"; done; }
links() { [ "$(readlink "$1")" = "$2" ] || fail "step $number: $1 -> $(readlink "$1") instead of $2"; }
holds() { grep -qE -- "$2" "$1" || fail "step $number: $1 does not hold $2"; }
holds_not() { ! grep -qE -- "$2" "$1" || fail "step $number: $1 holds $2"; }
version_is() {
    local version
    version=$(modinfo -F version "$1" 2>/dev/null)
    [ "$version" = "$2" ] || fail "step $number: $1 is version '$version' instead of '$2'"
}
# told FILE LINE...: FILE, where hooks of a scenario write, holds exactly these lines.
told() {
    local file=$1
    shift
    [ "$(cat "$file" 2>/dev/null)" = "$(printf '%s\n' "$@")" ] || fail "step $number: $file holds '$(cat "$file" 2>/dev/null)'"
}
MODULES=/lib/modules
TREE=/var/lib/dkms
at() { printf '%s/%s/updates/dkms/%s.ko' "$MODULES" "${2-$K}" "$1"; }

# source_of NAME VERSION [CONF-LINES]: a real module in /usr/src, built by the kernel's makefiles (1.5 seconds).
source_of() {
    source_in "/usr/src/$1-$2" "$@"
}
source_in() {
    local dir=$1 name=$2 version=$3
    mkdir -p "$dir"
    conf "$dir" "$name" "$version" "${4-}"
    echo "obj-m := $name.o" >"$dir/Makefile"
    cat >"$dir/$name.c" <<END
#include <linux/module.h>
static int __init start(void) { pr_info("$name\n"); return 0; }
static void __exit stop(void) { }
module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_VERSION("$version");
END
}
conf() {
    cat >"$1/dkms.conf" <<END
PACKAGE_NAME="$2"
PACKAGE_VERSION="$3"
BUILT_MODULE_NAME[0]="$2"
DEST_MODULE_LOCATION[0]="/kernel/extra"
AUTOINSTALL="yes"
${4-}
END
}
# quick NAME VERSION [CONF-LINES [FILE]]: a module whose "build" copies a file that was compiled beforehand for the kernel:
# one.ko (version 1.0), two.ko (2.0), other.ko (1.0 from other source) or none.ko (neither version nor srcversion).
# FILE: which; default by VERSION.
quick() {
    quick_in "/usr/src/$1-$2" "$@"
}
quick_in() {
    # What lies ready is not to be seen in a room.
    export DKMS_ROOM=none
    local dir=$1 name=$2 version=$3 file=${5-}
    [ -n "$file" ] || case $version in 2*) file=two ;; *) file=one ;; esac
    mkdir -p "$dir"
    conf "$dir" "$name" "$version" "MAKE[0]=\"cp /quick/\$kernelver/$file.ko $name.ko\"
CLEAN=\"true\"
${4-}"
    echo "made beforehand" >"$dir/README"
}
# script FILE LINE...: an executable shell script.
script() {
    local file=$1
    shift
    printf '%s\n' '#!/bin/sh' "$@" >"$file"
    chmod 755 "$file"
}
