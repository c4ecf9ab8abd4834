# Plain make gets -j and KERNELRELEASE; the quoted form is left alone; cd, variables and && are bash's.
try() {
    quick "$1" 1.0
    sed -i '/^MAKE/d' "/usr/src/$1-1.0/dkms.conf"
    printf '%s\n' "$2" >>"/usr/src/$1-1.0/dkms.conf"
    printf 'all:\n\tcp /quick/%s/one.ko $(NAME).ko\n\techo "[$(NAME)] KERNELRELEASE=$(KERNELRELEASE)" >>/tmp/told\n' "$K" >"/usr/src/$1-1.0/Makefile"
    run 0 dkms build "$1/1.0" -k "$K"
}
try plain 'MAKE="make NAME=plain"'
try quoted "MAKE=\"'make' NAME=quoted\""
try changed 'MAKE="cd . && make NAME=changed"'
try assigned 'MAKE="NAME=assigned make -e"'
try late "MAKE='make NAME=\$module'"
try sub "MAKE='make -C \${dkms_tree}/\${PACKAGE_NAME}/\${PACKAGE_VERSION}/build NAME=sub'"
shows 0 sort /tmp/told
printed "$(printf '%s\n' '[assigned] KERNELRELEASE=' '[changed] KERNELRELEASE=' "[late] KERNELRELEASE=$K" "[plain] KERNELRELEASE=$K" \
    '[quoted] KERNELRELEASE=' "[sub] KERNELRELEASE=$K")"
