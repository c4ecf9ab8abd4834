# @NAME@/@VERSION@: taken out, unless another package instance brings the same source (a new release of this package, a
# reinstallation, a package that replaces it). How many own the file is the one sign that holds in all these cases.
name='@NAME@' version='@VERSION@' package='@PACKAGE@'
@LEAVE@
if command -v rpm >/dev/null 2>&1; then
    owners=$(rpm -qf --qf x "/usr/src/$name-$version/dkms.conf" 2>/dev/null </dev/null)
    case $owners in xx*) exit 0 ;; esac
fi
if [ -x /usr/lib/dkms/event ]; then
    /usr/lib/dkms/event rpm preun "$name" "$version" "${1-}" </dev/null || :
    exit 0
fi
command -v dkms >/dev/null 2>&1 || exit 0
dkms remove -m "$name" -v "$version" --all --rpm_safe_upgrade </dev/null >/dev/null 2>&1
code=$?
# 3: it was not registered.
case $code in
    0 | 3) ;;
    *) echo "$package: dkms could not remove $name/$version (exit code $code)" >&2 ;;
esac
exit 0
