# when: nightly
. /e2e/inside.sh
install_ours
apt_install acpi-call-dkms bbswitch-dkms dm-writeboost-dkms
kernel=$(kernels | grep -v cloud)

# made ROOM: builds all anew in such a room; the digests of their files are in ./ROOM.
made() {
    local module
    for module in acpi-call/1.2.2 bbswitch/0.8 dm-writeboost/2.2.17; do
        dkms unbuild "$module" -k "$kernel" && DKMS_ROOM=$1 dkms install "$module" -k "$kernel" --verbose
    done >"$1.told" 2>&1 || { cat "$1.told"; fail "not built with room=$1"; }
    find "/lib/modules/$kernel/updates" -name '*.ko*' -exec sha256sum {} + | sort >"$1"
    [ "$(wc -l <"$1")" -ge 3 ] || fail "too few modules with room=$1"
}

step 'as root, as another user, and in a room with everything'
for room in none user full; do made "$room"; done
for room in user full; do
    [ "$(grep -c "is built in a room of level $room" "$room.told")" -eq 3 ] || { cat "$room.told"; fail "not in a room of level $room"; }
    cmp none "$room" || fail "other bytes with room=$room"
done
