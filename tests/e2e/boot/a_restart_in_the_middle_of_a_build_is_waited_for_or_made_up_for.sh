# root: booted
# when: nightly
# at most: 3000
. /e2e/inside.sh
. /e2e/boot.sh
. /e2e/vm.sh
install_ours
image
only_this_kernel

step 'modules: two that take their time, one that comes as a package, one that is added and not built'
for name in early late; do
    module_source $name 1.0
    echo "MAKE=\"sleep 20; make -C /lib/modules/\$kernelver/build M=\$dkms_tree/$name/1.0/build modules\"" >>"$name-1.0/dkms.conf"
    cp -r "$name-1.0" /usr/src/
done
tarball wink 1.0
dkms mkdeb wink-1.0.tar.gz
module_source tick 1.0
cp -r tick-1.0 /usr/src/
# The limit of all that delays a shutdown is the administrator's; 5 s where nothing is said.
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nInhibitDelayMaxSec=600\n' >/etc/systemd/logind.conf.d/patient.conf
cat >/root/updates <<'SCRIPT'
#!/bin/bash
# An offline update: a package, and something that its events did not see.
rm /system-update
apt-get -q -y -o Dpkg::Progress-Fancy=0 install /root/wink-dkms_1.0-1_all.deb
dkms status | sed 's/^/updates: /'
dkms add tick/1.0
systemctl reboot
SCRIPT
chmod 755 /root/updates
cat >/etc/systemd/system/updates.service <<'END'
[Unit]
DefaultDependencies=no
Requires=sysinit.target dbus.socket
After=sysinit.target dbus.socket system-update-pre.target
Before=shutdown.target system-update.target
[Service]
Type=oneshot
ExecStart=/root/updates
StandardOutput=journal+console
StandardError=journal+console
END
mkdir -p /etc/systemd/system/system-update.target.wants
ln -s ../updates.service /etc/systemd/system/system-update.target.wants/
disk

# What each start does first: what became of what was begun, as the disk has it and as the start before told.
cat >found <<'SCRIPT'
said() { sed "s/^/$1: /"; }
echo "state: $(systemctl is-system-running --wait)"
dkms status | said status
journalctl -b -1 -o cat -t dkms 2>/dev/null | said before
journalctl -b -o cat -t dkms | said now
find /var/lib/dkms/.intents /var/lib/dkms/*/*/build -mindepth 1 2>/dev/null | said left
SCRIPT
# begins MODULE: a build by hand, and as soon as it is held for, the machine is to start anew.
begins() {
    cat <<SCRIPT
systemctl start systemd-logind
systemd-run --quiet --unit=work --property=SyslogIdentifier=dkms dkms install $1/1.0 -k $KERNEL
for second in {1..120}; do
    pgrep -f 'sleep 20' >/dev/null && systemd-inhibit --list | grep -q 'dkms.*delay' && break
    sleep 1
done
systemd-inhibit --list --no-legend | sed 's/^/held: /'
date +'asked: %s'
systemctl reboot
sleep 900
SCRIPT
}

step 'where logind is patient, a restart waits until all is installed'
start first < <(cat found; begins early)
on first '^held: dkms .*shutdown .*delay'

step 'where it is not, the build is broken off'
start second < <(cat found; echo 'rm /etc/systemd/logind.conf.d/patient.conf; systemctl restart systemd-logind'; begins late)
on second "^status: early/1.0, $KERNEL, x86_64: installed"
on second '^before: installing early/1.0 .*done'
never_on second '^now: building early'
on second '^held: dkms .*shutdown .*delay'

step 'what was broken off is done at the next boot; then there are updates'
start third < <(cat found; echo 'ln -s /root /system-update; systemctl reboot; sleep 900')
never_on third '^before: installing late/1.0'
on third '^now: installing late/1.0 .*done'
on third "^status: late/1.0, $KERNEL, x86_64: installed"
never_on third '^left: '

step 'an offline update ends when the modules are there'
start updates </dev/null
on updates "updates: wink/1.0, $KERNEL, x86_64: installed"

step 'the boot after it has nothing to do'
start last <found
on last "^status: tick/1.0, $KERNEL, x86_64: installed"
on last '^before: installing tick/1.0 .*done'
never_on last '^now: building'
never_on last '^left: '
