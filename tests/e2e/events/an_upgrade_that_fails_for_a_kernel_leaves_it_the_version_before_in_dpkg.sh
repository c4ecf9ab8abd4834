# also: trixie
. /e2e/inside.sh
. /e2e/transactions.sh
install_ours
read -r first second _ < <(kernels | xargs)

# upgrade_of KIND NAME: a package of this kind, from 1.0 by a 2.0 that fails for one kernel to one that does not.
upgrade_of() {
    "$1" "$2" 1.0 1 one && FAILS_ON=$first "$1" "$2" 2.0 1 two && "$1" "$2" 2.0 2 three
}
upgrade_of source_deb blink && upgrade_of usual_deb wink
packages() { printf '%s\n' "./blink-dkms_$1.deb" "./wink-dkms_$1.deb"; }
mapfile -t old < <(packages 1.0-1) && mapfile -t half < <(packages 2.0-1) && mapfile -t whole < <(packages 2.0-2)

step 'both by one dpkg'
dpkg -i "${old[@]}"
installed blink 1.0 && installed wink 1.0
ends_with 0 dpkg -i "${half[@]}"
installed blink 2.0 "$second" && installed wink 2.0 "$second"
serves wink 1.0 one "$first"
ends_with 2 dkms check
serves blink 1.0 one "$first"
/usr/lib/dkms/event kernel header_postinst "$second"
/usr/lib/dkms/event start || :
serves blink 1.0 one "$first" && serves wink 1.0 one "$first"

step 'mended'
dpkg -i "${whole[@]}"
installed blink 2.0 && installed wink 2.0 && says blink three && says wink three
settled
dpkg -r blink-dkms wink-dkms
gone blink && gone wink && settled
