#!/bin/bash
# evaluate.sh CONF KVER ARCH: the directives that a real bash gets from a dkms.conf in two evaluations, a line
# NAME[INDEX]="VALUE" for each, VALUE as JSON writes it. The first evaluation sources the file; the second sources each value
# again, printed unquoted between double quotes. Everything is offered that DKMS offers to such a file.
set -eu
cd /
conf=$1 kver=$2
names='CLEAN PACKAGE_NAME PACKAGE_VERSION POST_ADD POST_BUILD POST_INSTALL POST_REMOVE PRE_BUILD PRE_INSTALL BUILD_DEPENDS
BUILD_DEPENDS_REBUILD BUILD_EXCLUSIVE_KERNEL BUILD_EXCLUSIVE_KERNEL_MIN BUILD_EXCLUSIVE_KERNEL_MAX BUILD_EXCLUSIVE_ARCH
BUILD_EXCLUSIVE_CONFIG build_exclude OBSOLETE_BY MAKE MAKE_MATCH PATCH PATCH_MATCH BUILT_MODULE_NAME BUILT_MODULE_LOCATION
DEST_MODULE_NAME DEST_MODULE_LOCATION STRIP AUTOINSTALL NO_WEAK_MODULES REMAKE_INITRD MODULES_CONF MODULES_CONF_OBSOLETES
MODULES_CONF_ALIAS_TYPE MODULES_CONF_OBSOLETE_ONLY BUILD_MODULE_NAME'
headers=/lib/modules/$kver/build config=$headers/.config
[ ! -e "$headers/include/config/auto.conf" ] || config=$headers/include/config/auto.conf

# evaluated MODULE VERSION
evaluated() {
    tr -d '\r' <"$conf" >/tmp/conf
    env -i PATH="$PATH" HOME="$HOME" LC_ALL=C.UTF-8 names="$names" kernelver="$kver" arch="$arch" kernel_source_dir="$headers" \
        kernel_config="$config" dkms_tree=/var/lib/dkms source_tree=/usr/src install_tree=/lib/modules \
        parallel_jobs="$(nproc)" module="$1" module_version="$2" bash --norc -c '
        # Debian puts every module into one folder.
        override_dest_module_location() { echo /updates/dkms; }
        printed=$(
            exec 3>&1 >/dev/null 2>&1
            . /tmp/conf
            for name in $names; do
                declare -n array=$name
                for index in "${!array[@]}"; do
                    value=${array[index]}
                    set -- $name\[$index]=\"$value\"
                    echo "$*" >&3
                done
            done
        )
        exec 3>&1 >/dev/null 2>&1
        unset $names
        eval "$printed"
        for name in $names; do
            declare -n values=$name
            for index in "${!values[@]}"; do
                value=${values[index]//\\/\\\\}
                value=${value//\"/\\\"}
                value=${value//$'"'\\t'"'/\\t}
                printf "%s[%s]=\"%s\"\n" "$name" "$index" "${value//$'"'\\n'"'/\\n}" >&3
            done
        done' </dev/null
}
arch=$3
value() { sed -n "s/^$1\[0\]=\"\(.*\)\"$/\1/p" <<<"$first"; }
first=$(evaluated '' '')
evaluated "$(value PACKAGE_NAME)" "$(value PACKAGE_VERSION)" | LC_ALL=C sort
