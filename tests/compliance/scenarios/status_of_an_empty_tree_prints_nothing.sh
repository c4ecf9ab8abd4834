shows 0 dkms status
silent
rm -rf "$TREE"
shows 0 dkms status
silent
