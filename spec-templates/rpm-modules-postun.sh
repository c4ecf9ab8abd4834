# @NAME@/@VERSION@ for one kernel: forgotten by its tools. After an upgrade posttrans of the new version does that.
package='@PACKAGE@' kernel='@KERNEL@' folder='@FOLDER@' stream='@STREAM@'
@REFRESH@
[ "${1-0}" != 0 ] || refresh
if [ "$stream" = yes ] && [ -x /usr/sbin/weak-modules ]; then
    for module in @MODULES@; do
        [ -e "$module" ] || printf '%s\n' "$module"
    done | /usr/sbin/weak-modules --remove-modules ||
        echo "$package: weak-modules failed (exit code $?)" >&2
fi
exit 0
