# when: nightly
. /e2e/inside.sh

step 'ours and digimend-dkms, with all that it depends on'
install_ours
apt_install digimend-dkms
cloud=$(kernels | grep cloud) generic=$(kernels | grep -v cloud)
status_is "digimend/11, $generic, x86_64: installed"
for module in hid-kye hid-polostar hid-uclogic hid-viewsonic; do
    [ -f "/lib/modules/$generic/updates/dkms/$module.ko" ] || fail "no $module.ko"
    [ -z "$(module_files "$module" "$cloud")" ] || fail "$module.ko for $cloud"
done

step 'and away'
apt_remove digimend-dkms
gone digimend
[ -z "$(find /lib/modules/*/updates -name '*.ko')" ] || fail 'a file remains'
