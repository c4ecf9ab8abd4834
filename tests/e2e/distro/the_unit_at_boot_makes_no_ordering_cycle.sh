# root: units
. /e2e/inside.sh
# An ordering cycle is broken by dropping a unit of it at random: with cloud-init that was the network.
install_ours
mkdir -p /etc/systemd/system
for unit in networking NetworkManager NetworkManager-wait-online systemd-networkd systemd-networkd-wait-online \
    cloud-init-local cloud-init cloud-config cloud-final; do
    [ ! -e "/lib/systemd/system/$unit.service" ] || systemctl enable "$unit.service" 2>/dev/null || :
done
systemctl add-wants multi-user.target cloud-init.target
[ -e /etc/systemd/system/multi-user.target.wants/dkms.service ] || fail 'the unit is not enabled'
verify() { systemd-analyze verify --man=no multi-user.target dkms.service >verify.log 2>&1; grep -i 'cycle' verify.log; }
! verify || fail 'the unit takes part in an ordering cycle'
if grep 'dkms.service' verify.log; then fail 'systemd finds a fault in the unit'; fi
systemd-analyze verify --man=no system-update.target dkms-offline-update.service >verify.log 2>&1 || :
! grep -iE 'cycle|dkms' verify.log || fail 'the unit of offline updates has a fault, or takes part in an ordering cycle'

# The check sees a cycle where there is one.
mkdir -p /etc/systemd/system/dkms.service.d
printf '[Unit]\nBefore=network-pre.target\n' >/etc/systemd/system/dkms.service.d/order.conf
verify || fail 'a unit before the network was not found to make a cycle'
