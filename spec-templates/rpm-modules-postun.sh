# @NAME@/@VERSION@ for one kernel: forgotten by its tools.
package='@PACKAGE@' kernel='@KERNEL@' folder='@FOLDER@' stream='@STREAM@'
@REFRESH@
for module in @MODULES@; do
    # Where the next version lies in the same place, or another package brought it, nothing is gone.
    if [ ! -e "$module" ]; then
        refresh
        break
    fi
done
if [ "$stream" = yes ] && [ -x /usr/sbin/weak-modules ]; then
    for module in @MODULES@; do
        [ -e "$module" ] || printf '%s\n' "$module"
    done | /usr/sbin/weak-modules --remove-modules ||
        echo "$package: weak-modules failed (exit code $?)" >&2
fi
exit 0
