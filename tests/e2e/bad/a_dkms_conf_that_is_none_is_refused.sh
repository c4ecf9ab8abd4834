. /e2e/inside.sh
install_ours
remember

conf() { # NAME: a source folder whose dkms.conf is stdin
    rm -rf source
    module_source blink 1.0
    mv blink-1.0 source
    cat >source/dkms.conf
    step "$1"
}

conf 'empty' </dev/null
ends_with 8 dkms add ./source
told 'dkms.conf'
unchanged

conf 'not shell' <<<'PACKAGE_NAME="blink'
ends_with 8 dkms add ./source
unchanged

conf 'no name' <<<'PACKAGE_VERSION=1.0'
ends_with 8 dkms add ./source
told 'PACKAGE_NAME'
unchanged

conf 'a name that leaves the tree' <<<$'PACKAGE_NAME=../../x\nPACKAGE_VERSION=1.0\nDEST_MODULE_LOCATION=/updates\n'
ends_with 8 dkms add ./source
unchanged

conf 'a destination that is none' <<<$'PACKAGE_NAME=blink\nPACKAGE_VERSION=1.0\nDEST_MODULE_LOCATION=/etc\n'
ends_with 8 dkms add ./source
told 'DEST_MODULE_LOCATION'
unchanged

conf 'binary' < <(head -c 20000 /bin/ls)
ends_with 8 dkms add ./source
unchanged

conf 'commands are not run for packaging: the version comes from MODULE_VERSION' <<<$'PACKAGE_NAME=blink\nPACKAGE_VERSION=$(touch /tmp/run; echo 1)\nDEST_MODULE_LOCATION=/updates\n'
ends_with 0 dkms mkdeb ./source --output /tmp/x.deb
told '1\.0'
[ ! -e /tmp/run ] || fail 'a command of the source was run'
unchanged
