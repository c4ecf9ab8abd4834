quick blink 1.0 'PRE_BUILD="hook pre_build"
POST_BUILD="hook post_build"
POST_ADD="hook post_add"
PRE_INSTALL="hook pre_install"
POST_INSTALL="hook post_install"
POST_REMOVE="hook post_remove"'
script /usr/src/blink-1.0/hook 'echo "$1 ${kernelver-none} ${arch-none} ${module-none} ${module_version-none}" >>/tmp/told'
run 0 dkms add blink/1.0
run 0 dkms build blink/1.0 -k "$K"
run 0 dkms install blink/1.0 -k "$K"
run 0 dkms uninstall blink/1.0 -k "$K"
run 0 dkms remove blink/1.0 --all
shows 0 cat /tmp/told
printed "$(printf '%s\n' 'post_add none none none none' "pre_build $K $ARCH blink 1.0" "post_build $K $ARCH blink 1.0" \
    "pre_install $K $ARCH blink 1.0" "post_install $K $ARCH blink 1.0" 'post_remove none none none none')"
