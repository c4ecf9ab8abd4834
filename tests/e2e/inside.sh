# shellcheck shell=bash
# inside.sh: what scenarios share; sourced by each of them inside its throw-away root.
#
# /packages holds our own packages, /repo is the only apt source, /e2e is this folder. There is no network.

set -eEuo pipefail
shopt -s nullglob
exec </dev/null 2>&1
trap 'echo "FAILED in line $LINENO: $BASH_COMMAND"' ERR
cd /root

step() { printf '\n-- %s\n' "$*"; }
fail() {
    printf 'FAILED: %s\n' "$*"
    printf '%s\n' '-- dkms status:' "$(dkms status 2>&1)"
    exit 1
}

# Every kernel that has headers.
kernels() {
    local build
    for build in /lib/modules/*/build; do
        [ ! -d "$build/include" ] || basename "$(dirname "$build")"
    done
}

apt_install() { apt-get -q -y -o Dpkg::Progress-Fancy=0 install "$@"; }
apt_remove() { apt-get -q -y remove "$@"; }
install_ours() { apt_install /packages/dkms-rs.deb; }

# Takes compilers, make, headers and our package away: what is left is a machine that cannot build anything.
without_compilers() {
    local packages
    mapfile -t packages < <(dpkg-query -W -f '${Package}\n' | grep -E '^(gcc|cpp|make|linux-headers|dkms-rs)' | grep -v -e '-base$')
    apt-get -q -y purge "${packages[@]}" >/dev/null
    rm -rf /var/lib/dkms
    hash -r
    for tool in gcc cc make dkms; do ! command -v $tool || fail "$tool is still here"; done
    [ -z "$(kernels)" ] || fail 'headers are still here'
}

# module_source NAME VERSION [GREETING]: a small module's source in ./NAME-VERSION; GREETING makes its build differ. With FAILING
# set, one that does not compile; with FAILS_ON, one that does not for kernels with that word in their names.
module_source() {
    local dir=$1-$2
    mkdir -p "$dir"
    cat >"$dir/dkms.conf" <<END
PACKAGE_NAME="$1"
PACKAGE_VERSION="$2"
DEST_MODULE_LOCATION="/updates"
AUTOINSTALL="yes"
END
    echo "obj-m := $1.o" >"$dir/Makefile"
    cat >"$dir/$1.c" <<END
#include <linux/module.h>
static int __init ${1}_init(void) { pr_info("${3-hello}\n"); return 0; }
static void __exit ${1}_exit(void) { }
module_init(${1}_init);
module_exit(${1}_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("A Driver Author <author@example.org>");
MODULE_DESCRIPTION("says ${3-hello}");
MODULE_VERSION("$2");
END
    [ -z "${FAILING-}" ] || echo 'this is not C' >>"$dir/$1.c"
    [ -z "${FAILS_ON-}" ] || printf 'ifneq ($(findstring %s,$(KERNELRELEASE)),)\nccflags-y += -include /no-such-file\nendif\n' "$FAILS_ON" >>"$dir/Makefile"
}

# tarball NAME VERSION [GREETING]: the same as ./NAME-VERSION.tar.gz, and nothing else left.
tarball() {
    module_source "$@"
    tar czf "$1-$2.tar.gz" "$1-$2"
    rm -rf "${1:?}-$2"
}

# Files of module NAME below /lib/modules/KERNEL, but for the kernel's own.
module_files() { find "/lib/modules/$2/" -name "$1.ko*" ! -path '*/kernel/*'; }

# installed NAME VERSION [KERNEL...]: status says so, the file is there, once, and is that version for that kernel.
installed() {
    local name=$1 version=$2 kernel file
    shift 2
    for kernel in ${*:-$(kernels)}; do
        dkms status -m "$name" -v "$version" -k "$kernel" | grep -qE "^$name/$version, ${kernel//+/[+]}, [a-z0-9_]+: installed( |\$)" ||
            fail "$name/$version is not installed for $kernel"
        file=$(module_files "${name//-/?}" "$kernel")
        [ -f "$file" ] || fail "not one file of $name for $kernel: '$file'"
        modinfo -F vermagic "$file" | grep -q "^$kernel " || fail "$file was built for another kernel"
        grep -q "${name//-/.}" "/lib/modules/$kernel/modules.dep" 2>/dev/null || [ ! -e "/lib/modules/$kernel/modules.dep" ] ||
            fail "depmod of $kernel does not know $name"
    done
}

# The one module file of NAME for KERNEL says GREETING.
says() {
    local kernel
    for kernel in $(kernels); do
        modinfo -F description "$(module_files "$1" "$kernel")" | grep -qx "says $2" || fail "$1 for $kernel does not say $2"
    done
}

# gone NAME: no state, no file, no source.
gone() {
    [ -z "$(dkms status -m "$1" 2>&1)" ] || fail "$1 is still known"
    [ -z "$(find /lib/modules/ -name "$1.ko*" ! -path '*/kernel/*')" ] || fail "files of $1 remain below /lib/modules"
    [ ! -e "/var/lib/dkms/$1" ] || fail "/var/lib/dkms/$1 remains: $(find "/var/lib/dkms/$1")"
}

# status_is LINES: exactly what `dkms status` prints.
status_is() {
    local now
    now=$(dkms status)
    [ "$now" = "$1" ] || fail "expected status: $1"
}

# ends_with CODE CMD...: runs CMD, shows and keeps its $output, and expects that exit code.
ends_with() {
    local want=$1 code=0
    shift
    output=$("$@" 2>&1) || code=$?
    printf '$ %s\n%s\n(exit %s)\n' "$*" "$output" "$code"
    [ "$code" -eq "$want" ] || fail "exit $code instead of $want: $*"
}
# The output that ends_with kept matches the extended regular expression.
told() { grep -qE -- "$1" <<<"$output" || fail "not told: $1"; }

# Builds get no room: the programs of this scenario write down, outside, what they see.
without_rooms() { echo 'room=none' >/etc/dkms/framework.conf.d/without-rooms.conf; }

# What a failed action must leave as it was: tree, modules, sources, settings. Locks and records have dot-names.
fingerprint() {
    local kernel
    (
        cd /
        find var/lib/dkms usr/src etc/dkms etc/kernel -name '.?*' -prune -o -type f -print0 -o -type l -print0 -o -type d -print0
        for kernel in lib/modules/*; do find "$kernel" -maxdepth 1 -print0; find "$kernel/updates" "$kernel/extra" -print0 2>/dev/null || :; done
    ) | sort -z | (cd / && xargs -0 stat -c '%n %F %s %Y' 2>/dev/null) | sed 's/ directory .*/ directory/' | grep -v '^lib/modules/.*/modules\.' || :
}
remember() { fingerprint >/tmp/before; }
unchanged() { fingerprint | diff /tmp/before - || fail "something changed"; }

# The life of a module RPM, with whatever DKMS is here; $1 is the dkms that makes the packages.
rpm_lifecycle() {
    local dkms=$1
    step 'packages from tarballs: 1.0-1, 1.0-2 with other source, 2.0'
    tarball blink 1.0 one && "$dkms" mkrpm blink-1.0.tar.gz --output first.rpm
    tarball blink 1.0 two && "$dkms" mkrpm blink-1.0.tar.gz --release 2 --output second.rpm
    tarball blink 2.0 three && "$dkms" mkrpm blink-2.0.tar.gz --output third.rpm
    rpm -qp --requires first.rpm

    step 'install'
    rpm -i first.rpm
    only blink 1.0 one

    step '1.0-2: the same version, other source'
    rpm -U second.rpm
    only blink 1.0 two

    step '2.0'
    rpm -U third.rpm
    only blink 2.0 three
    [ ! -e /usr/src/blink-1.0 ] || fail 'the source of 1.0 remains'

    step 'reinstall'
    rpm -U --replacepkgs third.rpm
    only blink 2.0 three

    step 'downgrade, to another version and within one'
    rpm -U --oldpackage second.rpm
    only blink 1.0 two
    rpm -U --oldpackage first.rpm
    only blink 1.0 one

    step 'erase'
    rpm -e blink-dkms
    gone blink
    [ ! -e /usr/src/blink-1.0 ] || fail 'the source remains'
}

# only NAME VERSION GREETING: this version and no other is installed everywhere, built from this source.
only() {
    [ "$(rpm -q "$1-dkms" | wc -l)" -eq 1 ] || fail 'not one package'
    installed "$1" "$2"
    says "$1" "$3"
    [ "$(dkms status -m "$1" | cut -d, -f1 | sort -u)" = "$1/$2" ] || fail "another version of $1 is known"
}

# settled [NAME/VERSION...]: the state is what the disk asks for, as `dkms reconcile` sees it and as seen here without it;
# depmod is current; nothing is left over, locked or running. The modules named are those that cannot be built.
settled() {
    local conf source name version kernel line file
    for conf in /usr/src/*/dkms.conf; do
        source=${conf%/dkms.conf}
        name=$(conf_value PACKAGE_NAME "$conf") version=$(conf_value PACKAGE_VERSION "$conf")
        [ "$(conf_value AUTOINSTALL "$conf")" = yes ] && owned "$conf" && [[ " $* " != *" $name/$version "* ]] || continue
        for kernel in $(kernels); do
            installed "$name" "$version" "$kernel"
            file=$(module_files "${name//-/?}" "$kernel")
            [ ! -e "$source/$name.c" ] || grep -qF "MODULE_DESCRIPTION(\"$(modinfo -F description "$file")\")" "$source/$name.c" ||
                fail "$file was not built from the source that is there now"
        done
    done
    while IFS= read -r line; do
        [[ $line =~ ^([^/]+)/([^,:]+)(, ([^,]+), [^:]+)?: ]] || fail "a status line of another form: $line"
        name=${BASH_REMATCH[1]} version=${BASH_REMATCH[2]} kernel=${BASH_REMATCH[4]}
        [ -f "/var/lib/dkms/$name/$version/source/dkms.conf" ] || fail "$name/$version has no source any more"
        [ -z "$kernel" ] || [ -d "/lib/modules/$kernel" ] || fail "kernel $kernel has gone, its state has not: $line"
    done < <(dkms status 2>/dev/null)
    for kernel in /lib/modules/[0-9]*; do
        [ -e "$kernel/build" ] || owned "$kernel" || fail "leftovers of a kernel: $(find "$kernel" | head)"
        depmod_is_current "${kernel##*/}"
    done
    nothing_left_over
    ! is_ours || dkms reconcile --dry-run 2>/dev/null | grep -vE '^(leave|nothing to do)' >/tmp/planned || :
    for name; do sed -i "\\,^[a-z]* *$name[ :],d" /tmp/planned; done
    [ ! -s /tmp/planned ] || fail "reconcile would: $(cat /tmp/planned)"
    ! is_ours || dkms fsck >/tmp/planned 2>&1 || fail "fsck finds: $(cat /tmp/planned)"
    rm -f /tmp/planned
}

is_ours() { [ -x /usr/lib/dkms/event ]; }
conf_value() { sed -n "s/^$1=[\"']\\{0,1\\}\\([^\"']*\\)[\"']\\{0,1\\}\$/\\1/p" "$2"; }

# A package that is fully installed holds this path.
owned() {
    rpm -qf "$1" >/dev/null 2>&1 || dpkg-query -S "$1" >/dev/null 2>&1 || dpkg-query -S "/usr$1" >/dev/null 2>&1
}

# What modules.dep says of modules from outside is what lies there.
depmod_is_current() {
    local folder=/lib/modules/$1
    [ -e "$folder/modules.dep" ] || return 0
    diff <(sed -n 's/:.*//p' "$folder/modules.dep" | grep -E '^(updates|extra)/' | sort) \
        <(cd "$folder" && find updates extra -name '*.ko*' 2>/dev/null | sort) || fail "depmod of $1 is not current"
}

nothing_left_over() {
    local found
    found=$(find /var/lib/dkms /lib/modules /usr/src -xdev \( -name '.tmp*' -o -name '*.tmp' -o -name '*.dkms-new' \) 2>/dev/null
        find /tmp /var/tmp -mindepth 1 -maxdepth 1 -name '*dkms*')
    [ -z "$found" ] || fail "left over: $found"
    [ ! -e /var/lib/dkms/.lock ] || flock -n /var/lib/dkms/.lock true || fail 'the lock is held'
    [ -z "$(find /var/lib/dkms/.intents -mindepth 1 2>/dev/null)" ] || fail 'something was begun and not ended'
    # A process that has ended and that nobody asks for runs no more.
    ! pgrep -r R,S,D -x 'make|cc1|dkms' || fail 'something still runs'
}
