rm -f "$TREE"/mok.*
quick blink 1.0
run 0 dkms install blink/1.0 -k "$K"
has "$TREE/mok.key" "$TREE/mok.pub"
shows 0 stat -c %a "$TREE/mok.key"
