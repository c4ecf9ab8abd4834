. /e2e/inside.sh
install_ours
module_source blink 1.0
dkms add ./blink-1.0
remember

step 'words that mean nothing'
ends_with 2 dkms frobnicate
ends_with 2 dkms status --nonsense
ends_with 4 dkms build install blink/1.0
ends_with 1 dkms add
ends_with 1 dkms build

step 'modules that are not there'
for action in add build install; do ends_with 2 dkms "$action" nosuch/1.0; told 'nosuch'; done
for action in uninstall unbuild remove; do ends_with 3 dkms "$action" nosuch/1.0 -k 6.1.0; told 'nosuch'; done
ends_with 1 dkms add /no/such/folder
ends_with 2 dkms add no/folder

step 'words that exclude each other'
ends_with 2 dkms remove blink/1.0 --all -k 6.1.0
ends_with 3 dkms remove blink/1.0 --all -a x86_64
ends_with 5 dkms autoinstall --all
ends_with 4 dkms kernel_postinst
ends_with 1 dkms build blink/1.0 -k 6.1.0 -a x86_64 -a i686

step 'what is there already'
ends_with 3 dkms add blink/1.0

unchanged

step 'questions'
ends_with 0 dkms
ends_with 0 dkms --version
told '^dkms-[0-9]+\.[0-9]+\.[0-9]+'
ends_with 0 dkms status -m nosuch
[ -z "$output" ] || fail 'status of nothing should say nothing'
dkms status | head -n 0
