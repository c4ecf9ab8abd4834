for module in r8168/8.053.00-NAPI x-y.z/0~20220111+git1b52c8d a_b+c/v6.04.00 foo/2.13.9-rc_1; do
    name=${module%/*} version=${module#*/}
    quick "$name" "$version" 'BUILT_MODULE_NAME[0]=mod
DEST_MODULE_NAME[0]="${PACKAGE_NAME//[^a-z0-9]/_}"' one
    sed -i 's/ [^ ]*\.ko"$/ mod.ko"/' "/usr/src/$name-$version/dkms.conf"
    run 0 dkms install "$module" -k "$K"
done
shows 0 dkms status
run 0 dkms autoinstall -k "$L"
shows 0 dkms status
for module in r8168/8.053.00-NAPI x-y.z/0~20220111+git1b52c8d a_b+c/v6.04.00 foo/2.13.9-rc_1; do
    run 0 dkms remove "$module" --all
done
