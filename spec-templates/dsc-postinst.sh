#!/bin/sh
# @NAME@/@VERSION@: what debhelper writes here registers, builds and installs it.
set -e

name='@NAME@'

case "${1-}" in
    configure | abort-upgrade | abort-remove | abort-deconfigure)
        @ENROL@
        ;;
    *) ;;
esac

#DEBHELPER#

case "${1-}" in
    configure | abort-upgrade | abort-remove | abort-deconfigure)
        @TIDY@
        ;;
    *) ;;
esac

exit 0
