. /e2e/inside.sh
install_ours
module_source blink 1.0
module_source wink 2.0
cp -r blink-1.0 wink-2.0 /usr/src/
dkms add blink/1.0
dkms add wink/2.0

step 'the same work four times at once'
pids=()
for kernel in $(kernels) $(kernels); do
    dkms autoinstall -k "$kernel" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "a run ended with $?"; done
installed blink 1.0
installed wink 2.0

step 'a reader that removes what it reads'
dkms status | cut -d, -f1 | sort -u | while read -r module; do dkms remove "$module" --all; done
gone blink
gone wink
