mkdir -p /etc/dkms/framework.conf.d
echo 'build_environment=/etc/dkms/environment' >/etc/dkms/framework.conf.d/environment.conf
printf '%s\n' 'export COLOUR="dark blue"' 'HIDDEN=1' >/etc/dkms/environment
quick blink 1.0 'MAKE[0]="env >/tmp/environment; cp /quick/$kernelver/one.ko blink.ko"
PRE_BUILD=pre'
script /usr/src/blink-1.0/pre 'echo "$COLOUR" >/tmp/pre'
run 0 env CFLAGS=-O9 CC=nonsense LDFLAGS=x dkms build blink/1.0 -k "$K"
shows 0 grep -E '^(COLOUR|HIDDEN|CFLAGS|LDFLAGS|module|module_version|kernelver|arch)=' /tmp/environment
shows 0 cat /tmp/pre
