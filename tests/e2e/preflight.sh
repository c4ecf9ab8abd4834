# shellcheck shell=bash
# preflight.sh: what scenarios of preflight share; sourced behind transactions.sh.

# settings LINE...: those of preflight, in framework.conf.d.
settings() { mkdir -p /etc/dkms/framework.conf.d && printf '%s\n' "$@" >/etc/dkms/framework.conf.d/preflight.conf; }

# dnf_goes_on KERNEL: where the module blink 1.0 was seen to fail for a kernel in the repository, dnf brings that, warned; with
# preflight off for one run; and with a blink 2.0 that builds.
dnf_goes_on() {
    local new=$1
    step 'warned'
    settings 'preflight="warn"'
    ends_with 0 dnf install kernel-core kernel-devel
    told "blink/1.0 would not build for kernel $new"
    installed wink 1.0 "$new"
    dnf remove kernel-core kernel-devel

    step 'off for one run, and mended'
    settings 'preflight="strict"'
    ends_with 1 dnf install kernel-core kernel-devel
    export DKMS_PREFLIGHT=off
    ends_with 0 dnf install kernel-core kernel-devel
    ! grep -q 'would not build' <<<"$output" || fail 'it was tried'
    unset DKMS_PREFLIGHT
    dnf remove kernel-core kernel-devel
    repository kernel-core-$new.rpm kernel-devel-$new.rpm blink-dkms-2.0-1.rpm
    ends_with 0 dnf install kernel-core kernel-devel blink-dkms-2.0
    installed blink 2.0 "$new"
}
