# shellcheck shell=bash
# demo-inside.sh debian|rpm: the part of the demo that happens in a throw-away root.
set -euo pipefail
exec </dev/null
cd /demo

quietly() { "$@" >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }; }
# Two flavours that have what v4l2loopback needs; Debian's cloud kernels come without video.
quietly apt-get -y install linux-headers-rt-amd64
quietly apt-get -y remove 'linux-headers-*-cloud-amd64'
kernels=$(cd /lib/modules && echo *)

# show CMD...: the command as one would type it, its output below; of apt, dpkg and rpm only what DKMS had to say.
show() {
    echo "   \$ $*"
    "$@" 2>&1 | { grep -vE '^(Reading|Building dep|The following|  |[0-9]+ upgraded|Need to get|After this|Get:|Selecting|\(Reading|Preparing|Unpacking|Note,|N:|Fetched|debconf:|Removing|rpm: (RPM should not|However)|$)' || :; } |
        sed 's/^/     /'
}
nothing() { [ -z "$(dkms status)" ] && [ -z "$(find /lib/modules/*/updates -name '*.ko*' 2>/dev/null)" ]; }
modules() {
    local kernel file
    show dkms status
    for kernel in $kernels; do
        file=$(echo "/lib/modules/$kernel/updates/dkms/"v4l2loopback.ko*)
        echo "   \$ modinfo $file"
        modinfo "$file" | grep -E '^(version|description|vermagic|signer):' | sed 's/^/     /'
    done
}

case $1 in
    debian)
        printf '\n4. A Debian machine with headers of two kernels, and no DKMS:\n   %s\n' "$kernels"
        show apt-get -y install /packages/dkms-rs.deb ./v4l2loopback-dkms_*.deb
        modules
        show apt-get -y remove v4l2loopback-dkms
        ;;
    rpm)
        printf '\n5. The same kernels, rpm instead of apt\n'
        quietly rpm -U /packages/distribution.rpm
        show rpm -U /packages/dkms-rs.rpm ./v4l2loopback-dkms-*.rpm
        modules
        show rpm -e v4l2loopback-dkms
        ;;
esac
show dkms status
nothing || { echo '   something was left behind'; exit 1; }
echo '   the modules went with their package'
