# @NAME@/@VERSION@: an upgrade takes other versions of this package out while their source is still there.
# The work for this version is done in posttrans.
name='@NAME@' version='@VERSION@' package='@PACKAGE@'
@ARRIVE@
if [ -x /usr/lib/dkms/event ]; then
    /usr/lib/dkms/event rpm post "$name" "$version" "${1-}" </dev/null || :
    exit 0
fi
case ${1-} in '' | *[!0-9]*) exit 0 ;; esac
[ "$1" -ge 2 ] || exit 0
command -v dkms >/dev/null 2>&1 || exit 0
command -v rpm >/dev/null 2>&1 || exit 0

# Lines are "NAME/VERSION: added" or "NAME/VERSION, KERNEL, ARCH: installed"; old releases wrote "NAME, VERSION".
registered() {
    dkms status -m "$name" </dev/null 2>/dev/null | while IFS= read -r line; do
        case $line in
            "$name/"*) rest=${line#"$name/"} ;;
            "$name, "*) rest=${line#"$name, "} ;;
            *) continue ;;
        esac
        printf '%s\n' "${rest%%[,: ]*}"
    done | sort -u
}

for other in $(registered); do
    [ "$other" != "$version" ] || continue
    conf=/usr/src/$name-$other/dkms.conf
    [ -f "$conf" ] || continue
    # Another package's version is not ours to touch.
    owners=$(rpm -qf --qf '%{NAME}\n' "$conf" 2>/dev/null </dev/null | sort -u)
    [ "$owners" = "$package" ] || continue
    dkms remove -m "$name" -v "$other" --all </dev/null >/dev/null 2>&1 ||
        echo "$package: dkms could not remove $name/$other (exit code $?)" >&2
done
exit 0
