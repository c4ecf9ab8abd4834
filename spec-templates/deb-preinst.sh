#!/bin/sh
# @NAME@/@VERSION@: what earlier versions said beside their dkms.conf goes with them, as dpkg-maintscript-helper(1) has it: before
# dpkg looks, so that it comes back with them.
set -e

name='@NAME@'
version='@VERSION@'
package='@PACKAGE@'

case "${1-}" in
    upgrade)
        dpkg-query -W -f='${Conffiles}\n' "$package" </dev/null 2>/dev/null | while read -r file sum state; do
            case "$file" in
                "/etc/dkms/$name-$version.conf") continue ;;
                "/etc/dkms/$name-"*.conf) ;;
                *) continue ;;
            esac
            [ -f "$file" ] || continue
            case "$(md5sum "$file" </dev/null)" in
                "$sum "*) mv -f "$file" "$file.dpkg-remove" ;;
                *) mv -f "$file" "$file.dpkg-backup" ;;
            esac
        done || :
        ;;
    *) ;;
esac

exit 0
