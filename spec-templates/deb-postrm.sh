#!/bin/sh
# @NAME@/@VERSION@: settings of the version that stays after all come back; nothing is left of a package that is purged.
set -e

name='@NAME@'
version='@VERSION@'
package='@PACKAGE@'

case "${1-}" in
    abort-install | abort-upgrade)
        for file in "/etc/dkms/$name-"*.conf.dpkg-remove "/etc/dkms/$name-"*.conf.dpkg-backup; do
            [ ! -f "$file" ] || mv -f "$file" "${file%.dpkg-*}"
        done
        ;;
    purge)
        for file in "/etc/dkms/$name-"*.conf.dpkg-bak "/etc/dkms/$name-"*.conf.dpkg-remove; do
            [ ! -f "$file" ] || rm -f "$file"
        done
        ;;
    *) ;;
esac

exit 0
