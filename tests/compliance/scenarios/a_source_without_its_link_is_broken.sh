quick blink 1.0
dkms install blink/1.0 -k "$K"
later rm "$TREE/blink/1.0/source"
shows 0 dkms status
for action in build install; do run 4 dkms "$action" blink/1.0 -k "$K"; done
# What is there goes by what is recorded and on disk.
for action in uninstall unbuild remove; do run 0 dkms "$action" blink/1.0 -k "$K"; done
quick other 1.0
run 0 dkms install other/1.0 -k "$K"
run 0 dkms autoinstall -k "$K"
