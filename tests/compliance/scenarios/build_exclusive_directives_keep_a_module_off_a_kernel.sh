try() {
    quick "$1" 1.0 "$2"
    run "$3" dkms build "$1/1.0" -k "$K"
}
try kernel 'BUILD_EXCLUSIVE_KERNEL="^5\."' 77
try kernels 'BUILD_EXCLUSIVE_KERNEL="^(5|6)\..*"' 0
try anywhere 'BUILD_EXCLUSIVE_KERNEL="cloud"' 0
try low 'BUILD_EXCLUSIVE_KERNEL_MIN="6.2"' 77
try high 'BUILD_EXCLUSIVE_KERNEL_MAX="6.0"' 77
try between 'BUILD_EXCLUSIVE_KERNEL_MIN="5.10"
BUILD_EXCLUSIVE_KERNEL_MAX="6.10"' 0
try arch 'BUILD_EXCLUSIVE_ARCH="aarch64"' 77
try arches 'BUILD_EXCLUSIVE_ARCH="(x86_64|aarch64)"' 0
try needs 'BUILD_EXCLUSIVE_CONFIG="CONFIG_ABSENT"' 77
try without 'BUILD_EXCLUSIVE_CONFIG="!CONFIG_ABSENT CONFIG_MODULES"' 0
try unset 'BUILD_EXCLUSIVE_CONFIG="!CONFIG_MODULES"' 77
run 77 dkms install kernel/1.0 -k "$K"
