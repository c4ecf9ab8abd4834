#!/bin/sh
# @NAME@/@VERSION@: registered, built and installed; also when a removal or an upgrade of this package was called off.
set -e

name='@NAME@'
version='@VERSION@'
package='@PACKAGE@'

case "${1-}" in
    configure | abort-upgrade | abort-remove | abort-deconfigure)
        @ARRIVE@
        @ENROL@
        if [ -x /usr/lib/dkms/event ]; then
            # Code 76 means that framework.conf wants failures told; nothing else of it may leave the package unconfigured.
            /usr/lib/dkms/event dpkg postinst "$name" "$version" "$@" </dev/null >&2 || [ $? -ne 76 ]
        elif [ -x /usr/lib/dkms/common.postinst ]; then
            code=0
            /usr/lib/dkms/common.postinst "$name" "$version" "/usr/share/$package" "" "${2-}" </dev/null >&2 || code=$?
            # A module that does not build must not leave the package manager stuck.
            case "$code" in
                0 | 77) ;;
                *) echo "$package: dkms could not build and install $name/$version (exit code $code)" >&2 ;;
            esac
        else
            echo "$package: dkms is not installed, so $name/$version is not built" >&2
        fi
        @TIDY@
        ;;
    *) ;;
esac

exit 0
