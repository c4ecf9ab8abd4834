quick blink 1.0 'PRE_BUILD="hook"'
script /usr/src/blink-1.0/hook 'echo words from the hook' 'exit 42'
run 42 dkms build blink/1.0 -k "$K"
is_status 'blink/1.0: added'
holds "$TREE/blink/1.0/build/make.log" 'words from the hook'
