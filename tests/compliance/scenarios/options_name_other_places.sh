quick_in /opt/src/blink-1.0 blink 1.0
mkdir -p /opt/tree "/opt/modules/$K"
ln -s "$(readlink -f "$MODULES/$K/build")" "/opt/modules/$K/build"
run 0 dkms add blink/1.0 --dkmstree /opt/tree --sourcetree /opt/src
run 0 dkms build blink/1.0 --dkmstree=/opt/tree --sourcetree=/opt/src -k "$K"
run 0 dkms install blink/1.0 --dkmstree /opt/tree --sourcetree /opt/src --installtree /opt/modules -k "$K"
has "/opt/modules/$K/updates/dkms/blink.ko"
hasnt "$(at blink)" "$TREE/blink"
shows 0 dkms status --dkmstree /opt/tree
