run 0 dkms
run 2 dkms frobnicate
run 0 dkms --help
run 0 dkms --version
[[ $output =~ ^dkms-[0-9]+\.[0-9]+ ]] || fail "--version: $output"
run 0 dkms -V
