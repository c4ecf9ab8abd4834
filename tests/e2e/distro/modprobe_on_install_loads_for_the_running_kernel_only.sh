. /e2e/inside.sh
install_ours
other=$(kernels | tail -n 1)
running=$(uname -r)
module_source blink 1.0
cp -r blink-1.0 /usr/src/
# The headers of another kernel do: nothing is loaded here.
mkdir -p "/lib/modules/$running"
ln -s "/usr/src/linux-headers-$other" "/lib/modules/$running/build"

# A kernel cannot be loaded with modules in here; this one notes what it is asked for and fails, as modprobe does for aliases
# that no module serves.
cat >/usr/local/sbin/stand-in-for-modprobe <<'SCRIPT'
#!/bin/sh
printf '%s\n' "$@" >>/tmp/modprobe
exit 1
SCRIPT
chmod 755 /usr/local/sbin/stand-in-for-modprobe
ln -s stand-in-for-modprobe /usr/local/sbin/modprobe
nothing_was_loaded() { [ ! -e /tmp/modprobe ] || fail "loaded: $(head /tmp/modprobe)"; }
loaded() {
    [ "$(head -n 4 /tmp/modprobe | paste -sd' ')" = '-a -b -q --' ] || fail "options: $(head -n 4 /tmp/modprobe)"
    diff <(grep -vxE -- '-a|-b|-q|--' /tmp/modprobe | sort) \
        <(find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sed '/^$/d' | sort -u) || fail 'not the devices of this machine'
    rm /tmp/modprobe
}

ends_with 0 dkms install blink/1.0 -k "$running"
nothing_was_loaded
ends_with 0 dkms install blink/1.0 -k "$other" --modprobe-on-install
nothing_was_loaded
ends_with 0 dkms uninstall blink/1.0 -k "$running"
ends_with 0 dkms install blink/1.0 -k "$running" --modprobe-on-install
loaded
ends_with 0 dkms uninstall blink/1.0 -k "$running" --modprobe-on-install
nothing_was_loaded
echo 'modprobe_on_install="true"' >/etc/dkms/framework.conf.d/load.conf
ends_with 0 dkms install blink/1.0 -k "$running"
loaded

step 'at boot, what devices and modules-load.d wanted is loaded once it is there'
rm /etc/dkms/framework.conf.d/load.conf
mkdir -p /etc/modules-load.d
echo ' blink  # for the lamp' >/etc/modules-load.d/lamp.conf
ends_with 0 dkms uninstall blink/1.0 -k "$running"
nothing_was_loaded
ends_with 0 /usr/lib/dkms/event start
told 'blink, which modules-load.d names, could not be loaded'
[ "$(tail -n 3 /tmp/modprobe | paste -sd' ')" = '-b -- blink' ] || fail "asked for: $(tail -n 3 /tmp/modprobe)"
sed -i '$d' /tmp/modprobe
loaded
ends_with 0 /usr/lib/dkms/event start
nothing_was_loaded
