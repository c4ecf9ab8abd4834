source_of hello 1.0
echo 'int broken(' >>/usr/src/hello-1.0/hello.c
run 10 dkms install hello/1.0 -k "$K"
says 'hello.c'
is_status 'hello/1.0: added'
holds "$TREE/hello/1.0/build/make.log" 'error'
