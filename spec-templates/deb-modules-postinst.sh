#!/bin/sh
# @NAME@/@VERSION@ for one kernel: made known to its tools.
set -e

package='@PACKAGE@'
kernel='@KERNEL@'
folder='@FOLDER@'

@REFRESH@

case "${1-}" in
    configure | abort-upgrade | abort-remove | abort-deconfigure)
        @ENROL@
        refresh
        ;;
    *) ;;
esac

exit 0
