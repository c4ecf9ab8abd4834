quick blink 1.0
quick blonk 1.0
dkms install blink/1.0 -k "$K"
dkms install blonk/1.0 -k "$K"
# As the removal of an image package leaves it.
later rm -rf "$MODULES/$K/kernel" "$MODULES/$K/build" "$MODULES/$K/source" "$MODULES/$K"/modules.order "$MODULES/$K"/modules.builtin*
run 0 dkms remove blink/1.0 --all
run 0 dkms remove blonk/1.0 --all
hasnt "$MODULES/$K"
