# @NAME@/@VERSION@: registered, built and installed. Only at the end of the transaction does the source tree hold this
# package's files alone, and are the headers of a kernel of the same transaction in place. Arguments say nothing here:
# some package managers give none.
name='@NAME@' version='@VERSION@' package='@PACKAGE@'
[ -f "/usr/src/$name-$version/dkms.conf" ] || exit 0
@ENROL@
if [ -x /usr/lib/dkms/event ]; then
    # Code 76 means that framework.conf wants failures told: rpm prints a warning.
    /usr/lib/dkms/event rpm posttrans "$name" "$version" "${1-}" </dev/null
    [ $? -ne 76 ]
    exit
fi
if ! command -v dkms >/dev/null 2>&1; then
    echo "$package: dkms is not installed, so $name/$version is not built" >&2
    exit 0
fi
run() {
    dkms "$@" </dev/null >/dev/null 2>&1
}

# A build of this very version may come from an older source.
if [ -n "$(dkms status -m "$name" -v "$version" </dev/null 2>/dev/null)" ]; then
    run remove -m "$name" -v "$version" --all ||
        echo "$package: dkms could not forget the earlier $name/$version (exit code $?)" >&2
fi
run add -m "$name" -v "$version"
code=$?
# 3: it is registered already.
case $code in
    0 | 3) ;;
    *)
        echo "$package: dkms could not add $name/$version (exit code $code)" >&2
        exit 0
        ;;
esac
for headers in /lib/modules/*/build/include; do
    [ -d "$headers" ] || continue
    kernel=${headers#/lib/modules/}
    kernel=${kernel%/build/include}
    run build -m "$name" -v "$version" -k "$kernel" &&
        run install -m "$name" -v "$version" -k "$kernel" --force
    code=$?
    # 77: the module is not meant for this kernel.
    case $code in
        0 | 77) ;;
        *) echo "$package: dkms could not build and install $name/$version for $kernel (exit code $code)" >&2 ;;
    esac
done
exit 0
