quick blink 1.0 'POST_ADD="hook add two  three"
PRE_INSTALL="hook pre $kernelver"
POST_INSTALL="hook post \"a b\" *"
PRE_BUILD="hook build \$kernelver \"a b\""'
script /usr/src/blink-1.0/hook 'printf "<%s>" "$@" >>/tmp/told; echo >>/tmp/told'
run 0 dkms install blink/1.0 -k "$K"
shows 0 cat /tmp/told
