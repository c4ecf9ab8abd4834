quick blink 1.0 'POST_BUILD="look $dkms_tree $kernelver $arch"'
script /usr/src/blink-1.0/look 'pwd >/tmp/told; ls "$1/blink/1.0/$2/$3/module" >>/tmp/told'
run 0 dkms build blink/1.0 -k "$K"
shows 0 cat /tmp/told
