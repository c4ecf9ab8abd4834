# @NAME@/@VERSION@ for one kernel: made known to its tools, at the end of the transaction, when an older version has gone.
package='@PACKAGE@' kernel='@KERNEL@' folder='@FOLDER@' stream='@STREAM@'
@REFRESH@
@ENROL@
refresh
# Other kernels whose symbols have the same versions can use the modules, too.
if [ "$stream" = yes ] && [ -x /usr/sbin/weak-modules ]; then
    printf '%s\n' @MODULES@ | /usr/sbin/weak-modules --add-modules ||
        echo "$package: weak-modules failed (exit code $?)" >&2
fi
exit 0
