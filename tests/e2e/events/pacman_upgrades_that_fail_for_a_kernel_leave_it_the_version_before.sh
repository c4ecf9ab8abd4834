# root: pacman
# when: nightly
. /e2e/inside.sh
. /e2e/transactions.sh
rpm -U /packages/distribution.rpm /packages/dkms-rs.rpm
mkdir -p /usr/share/libalpm/hooks && tar xf /packages/alpm-hooks.tar -C /usr/share/libalpm/hooks
printf '[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n' >/etc/pacman.conf
read -r first second _ < <(kernels | xargs)
source_pac blink 1.0 1 one && FAILS_ON=$first source_pac blink 2.0 1 two && source_pac blink 2.0 2 three
pacman() { command pacman --noconfirm --noprogressbar "$@"; }

step 'a new version that fails for one kernel'
pacman -U blink-dkms-1.0-1.pkg.tar.zst
installed blink 1.0
ends_with 0 pacman -U blink-dkms-2.0-1.pkg.tar.zst
installed blink 2.0 "$second"
failed_and_serves blink 2.0 1.0 one "$first"

step 'back, and on to one that is mended'
pacman -U blink-dkms-1.0-1.pkg.tar.zst
installed blink 1.0 && says blink one && settled
pacman -U blink-dkms-2.0-2.pkg.tar.zst
installed blink 2.0 && says blink three && settled
pacman -R blink-dkms
gone blink && settled
