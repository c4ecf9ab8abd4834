#!/bin/sh
# @NAME@/@VERSION@ for one kernel: forgotten by its tools. After an upgrade postinst does the same.
set -e

package='@PACKAGE@'
kernel='@KERNEL@'
folder='@FOLDER@'

@REFRESH@

case "${1-}" in
    remove | disappear) refresh ;;
    *) ;;
esac

exit 0
