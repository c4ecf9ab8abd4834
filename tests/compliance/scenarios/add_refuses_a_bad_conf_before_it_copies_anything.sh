# Empty, without a name, a value that is not yes or no, holes: 8, and nothing in /usr/src.
try() {
    mkdir -p /root/bad
    cat >/root/bad/dkms.conf
    echo more >/root/bad/README
    run 8 dkms add /root/bad
    rm -rf /root/bad
}
try </dev/null
try <<<'PACKAGE_NAME=bad'
try <<<'PACKAGE_VERSION=1.0'
try <<<'PACKAGE_NAME=bad
PACKAGE_VERSION=1.0
DEST_MODULE_LOCATION[0]=/somewhere'
try <<<'PACKAGE_NAME=bad
PACKAGE_VERSION=1.0
BUILT_MODULE_NAME[0]=bad'
try <<<'PACKAGE_NAME=bad
PACKAGE_VERSION=1.0
BUILT_MODULE_NAME[0]=bad.ko
DEST_MODULE_LOCATION[0]=/extra'
try <<<'PACKAGE_NAME=bad
PACKAGE_VERSION=1.0
BUILT_MODULE_NAME[0]=bad
DEST_MODULE_NAME[0]=bad.o
DEST_MODULE_LOCATION[0]=/extra'
try <<<'PACKAGE_NAME=bad
PACKAGE_VERSION=1.0
BUILT_MODULE_NAME[0]=bad
BUILT_MODULE_NAME[1]=worse
DEST_MODULE_LOCATION[0]=/extra'
is_status ''
hasnt /usr/src/bad-1.0
