. /e2e/inside.sh
install_ours
mapfile -t all < <(kernels)
one=${all[0]} other=${all[1]}
magic() { modinfo -F vermagic "$(find "/lib/modules/$1" -name 'blink.ko*')"; }

module_source blink 1.0
# As in many drivers: what the caller gives to make is stronger than what the kernel says.
cat >blink-1.0/Makefile <<'END'
ifneq ($(KBUILD_EXTMOD),)
obj-m := blink.o
else
KDIR ?= /lib/modules/$(KERNELRELEASE)/build
all:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules
endif
END
echo 'MAKE[0]="make all"' >>blink-1.0/dkms.conf
dkms add ./blink-1.0
printf 'install:\n\tdkms install blink/1.0 -k %s --verbose\n' "$other" >outer
printf 'both:\n\t+dkms install blink/1.0 -k %s\n' "$other" >outer-with-jobs

step 'variables on the command line of an outer make'
make -f outer install "KDIR=/lib/modules/$one/build" CC=false ARCH=arm | tee told
[[ $(magic "$other") == "$other "* ]] || fail "built for $(magic "$other") instead of $other"
grep -q 'do not find these variables:.*MAKEFLAGS' told || fail '--verbose does not say what was left out'
dkms unbuild blink/1.0 -k "$other"

step 'variables in the environment'
env "KDIR=/lib/modules/$one/build" CROSS_COMPILE=arm- KCFLAGS=-Wrong O=/nowhere KBUILD_OUTPUT=/nowhere MAKEFILES=/nowhere \
    dkms install blink/1.0 -k "$other"
[[ $(magic "$other") == "$other "* ]] || fail "built for $(magic "$other") instead of $other"
dkms unbuild blink/1.0 -k "$other"

step 'the jobs of an outer make are used'
make -j2 -f outer-with-jobs both "KDIR=/lib/modules/$one/build"
[[ $(magic "$other") == "$other "* ]] || fail "built for $(magic "$other") instead of $other"
! grep -q 'jobserver unavailable' /var/lib/dkms/blink/1.0/"$other"/*/log/make.log || fail 'no jobs from the make above'
dkms remove blink/1.0 --all

step 'what the administrator names passes'
mkdir -p /etc/dkms/framework.conf.d
echo 'pass_environment="KCFLAGS"' >/etc/dkms/framework.conf.d/pass.conf
module_source wink 1.0
dkms add ./wink-1.0
ends_with 10 env KCFLAGS=-nonsense dkms install wink/1.0 -k "$other"
grep -q -e '-nonsense' /var/lib/dkms/wink/1.0/build/make.log || fail 'KCFLAGS did not reach the compiler'
