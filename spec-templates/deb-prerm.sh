#!/bin/sh
# @NAME@/@VERSION@: taken out while its source is still there.
set -e

name='@NAME@'
version='@VERSION@'
package='@PACKAGE@'

case "${1-}" in
    remove | upgrade | deconfigure)
        @LEAVE@
        if [ -x /usr/lib/dkms/event ]; then
            /usr/lib/dkms/event dpkg prerm "$name" "$version" "$@" </dev/null >&2 || :
        elif command -v dkms >/dev/null 2>&1 && [ -n "$(dkms status -m "$name" -v "$version" </dev/null 2>/dev/null)" ]; then
            dkms remove -m "$name" -v "$version" --all </dev/null >&2 ||
                echo "$package: dkms could not remove $name/$version (exit code $?)" >&2
        fi
        ;;
    *) ;;
esac

exit 0
